/**
 * PURE. Completion scripts for shells. They call maglevc: `maglevc FLAGS --complete WORD…`, with
 * the last word as typed so far, prints `text<TAB>help` for each candidate (complete.ts). So names
 * are current, and the scripts contain only the flags. Loaded by `maglevc completion` alone,
 * because no other command needs them.
 */
import bash from "./completion/maglevc.bash" with { type: "text" };
import fish from "./completion/maglevc.fish" with { type: "text" };
import zsh from "./completion/maglevc.zsh" with { type: "text" };

export type CompletionShell = "bash" | "zsh" | "fish";

/** The part of a flag that the scripts need; rows of MAGLEVC_FLAGS fit. */
export interface CompletionFlag {
  readonly kind: string;
  readonly help: string;
  readonly env?: string;
  readonly choices?: readonly string[];
  readonly placeholder?: string;
}

export type CompletionFlags = Readonly<Record<string, CompletionFlag>>;

/** The script for a shell, ready to be sourced or put where the shell looks for completions. */
export function completionScript(shell: CompletionShell, flags: CompletionFlags): string {
  const script = { bash, zsh, fish }[shell];
  const parts = shell === "fish" ? fishParts(flags) : shParts(shell, flags);
  return script.replace(/@([A-Z_]+)@/g, (mark, name: string) => parts.get(name) ?? mark);
}

/** Flag names by kind of value. */
function groups(flags: CompletionFlags) {
  const names = Object.keys(flags);
  const named = (is: (flag: CompletionFlag) => boolean) =>
    Object.entries(flags).filter(([, flag]) => is(flag)).map(([name]) => name);
  return {
    all: names,
    // They print something and end, whatever else is given, so they are not passed on.
    information: named(({ kind, env }) => kind === "boolean" && env === undefined),
    value: named(({ kind }) => kind !== "boolean"),
    file: named(({ placeholder }) => placeholder === "PATH"),
    choice: Object.entries(flags).filter(([, { choices = [] }]) => choices.length > 0),
  };
}

function shParts(shell: "bash" | "zsh", flags: CompletionFlags): ReadonlyMap<string, string> {
  const { all, information, value, file, choice } = groups(flags);
  // A pattern of the empty text matches no flag.
  const pattern = (names: readonly string[]) => names.map(shWord).join(" | ") || "''";
  const width = Math.max(...all.map((name) => name.length)) + 2;
  const lines = (texts: readonly string[]) => texts.map((text) => `      ${text}`).join("\n");
  const choices = choice.map(([name, { choices = [] }]) => {
    const words = choices.map(shWord).join(" ");
    return shell === "zsh" ? `    (${shWord(name)}) compadd -- ${words} ;;` : `    ${shWord(name)})
      for value in ${words}; do
        [[ $value != "$2"* ]] || _maglevc_found+=("$value")
      done
      ;;`;
  });
  return new Map([
    ["INFORMATION_FLAGS", pattern(information)],
    ["VALUE_FLAGS", pattern(value)],
    ["FILE_FLAGS", pattern(file)],
    ["CHOICES", choices.join("\n")],
    [
      "ALL_FLAGS",
      shell === "zsh" ? lines(all.map((name) => shWord(`--${name}`))) : all.map(shWord).join(" "),
    ],
    [
      "SHOWN_FLAGS",
      lines(
        Object.entries(flags).map(([name, { help }]) =>
          shWord(`${`--${name}`.padEnd(width)}  ${help}`)
        ),
      ),
    ],
  ]);
}

/** Plain words as they are, others in single quotes. */
function shWord(text: string): string {
  return /^[\w-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function fishParts(flags: CompletionFlags): ReadonlyMap<string, string> {
  const { information, value } = groups(flags);
  const words = (names: readonly string[]) => names.map(fishWord).join(" ") || "''";
  const lines = Object.entries(flags).map(([name, { kind, help, choices = [], placeholder }]) => {
    const takes = kind === "boolean"
      ? ""
      : placeholder === "PATH"
      ? " -r -F"
      : choices.length > 0
      ? ` -x -a ${fishWord(choices.join(" "))}`
      : " -x";
    return `complete -c maglevc -l ${fishWord(name)}${takes} -d ${fishWord(help)}`;
  });
  return new Map([
    ["INFORMATION_FLAGS", words(information)],
    ["VALUE_FLAGS", words(value)],
    ["ALL_FLAGS", lines.join("\n")],
  ]);
}

function fishWord(text: string): string {
  return /^[\w-]+$/.test(text) ? text : `'${text.replace(/[\\']/g, "\\$&")}'`;
}
