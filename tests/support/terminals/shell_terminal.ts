/**
 * A shell in a real terminal (tmux), for the completion scripts: keys are sent as typed, and
 * `maglevc` on its PATH is tests/support/terminals/maglevc_stand_in.ts, which records its
 * arguments.
 */
import { readUntil, type UntilOptions } from "../judges/until.ts";
import {
  type CompletionFlags,
  completionScript,
  type CompletionShell,
} from "../../../src/cli/language/completion_scripts.ts";

/** Every wait for the screen and for commands. */
const PATIENCE: UntilOptions = { deadlineMs: 30_000, everyMs: 50 };

/** The stand-in as a command. */
const STAND_IN = [
  Deno.execPath(),
  ..."run --no-check -A --frozen".split(" "),
  new URL("maglevc_stand_in.ts", import.meta.url).pathname,
];

/** Flags of every kind that the scripts tell apart. */
export const TEST_FLAGS = {
  server: { kind: "string", env: "X", help: "it's where `maglevd` is: $(touch pwned)" },
  output: { kind: "string", env: "X", choices: ["text", "json", "yaml"], help: "form" },
  color: { kind: "boolean", env: "X", help: "colour" },
  "token-file": { kind: "string", env: "X", placeholder: "PATH", help: "file" },
  version: { kind: "boolean", help: "print the version" },
} as const;

/** How each shell starts without anybody's settings, and takes the script in. */
const SHELLS: Readonly<Record<CompletionShell, { start: string[]; load: string }>> = {
  bash: { start: ["bash", "--noprofile", "--norc", "-i"], load: "source ./script" },
  zsh: {
    start: ["zsh", "-f", "-i"],
    load: "autoload -Uz compinit && compinit -D && source ./script",
  },
  fish: { start: ["fish", "--no-config", "-i"], load: "source ./script" },
};

/** Why a test with these programs cannot run here, or undefined. */
export function missingPrograms(...programs: readonly string[]): string | undefined {
  const missing = programs.filter((program) => {
    const folders = (Deno.env.get("PATH") ?? "").split(":");
    return !folders.some((folder) => isFile(`${folder}/${program}`));
  });
  return missing.length === 0 ? undefined : `skipped: no ${missing.join(", ")} here`;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

async function output(command: string, options: Deno.CommandOptions): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, options).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${command}: ${decoder.decode(stderr)}${decoder.decode(stdout)}`);
  return decoder.decode(stdout);
}

/** A folder with the stand-in, the script of one shell, and the record of its runs. */
export class ShellFolder implements AsyncDisposable {
  readonly path: string;
  readonly shell: CompletionShell;

  private constructor(path: string, shell: CompletionShell) {
    this.path = path;
    this.shell = shell;
  }

  /** `flags` and `completer`, a command that answers `--complete`: in place of the stand-in's. */
  static async create(
    shell: CompletionShell,
    { flags = TEST_FLAGS, completer = STAND_IN }: {
      readonly flags?: CompletionFlags;
      readonly completer?: readonly string[];
    } = {},
  ): Promise<ShellFolder> {
    const path = await Deno.makeTempDir({ prefix: "maglevc-shell-" });
    await Deno.mkdir(`${path}/bin`);
    const quoted = (command: readonly string[]) => command.map((word) => `'${word}'`).join(" ");
    await Deno.writeTextFile(
      `${path}/bin/maglevc`,
      `#!/bin/sh\ncase " $* " in *" --complete "*) exec ${quoted(completer)} "$@";; esac\n` +
        `exec ${quoted(STAND_IN)} "$@"\n`,
      { mode: 0o755 },
    );
    await Deno.writeTextFile(`${path}/script`, completionScript(shell, flags));
    await Deno.writeTextFile(`${path}/record`, "");
    return new ShellFolder(path, shell);
  }

  /** Makes the stand-in print `text` as its candidates. */
  async answerWith(text: string): Promise<void> {
    await Deno.writeTextFile(`${this.path}/answer`, text);
  }

  env(): Record<string, string> {
    return {
      HOME: this.path,
      LC_ALL: "C.UTF-8",
      // Deno's own folder is found by HOME otherwise.
      DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`,
      PATH: `${this.path}/bin:${Deno.env.get("PATH")}`,
      STAND_IN_RECORD: `${this.path}/record`,
      STAND_IN_ANSWER: `${this.path}/answer`,
      // No history is written when the shell ends.
      HISTFILE: "/dev/null",
      fish_history: "",
    };
  }

  /** The lists of arguments that the stand-in was run with, completion apart. */
  async commands(): Promise<readonly string[][]> {
    return (await this.runs()).filter((args) => !args.includes("--complete"));
  }

  async runs(): Promise<readonly string[][]> {
    const lines = (await Deno.readTextFile(`${this.path}/record`)).split("\n");
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
  }

  /** Names of files created in the folder. */
  async strangers(): Promise<readonly string[]> {
    const known = new Set(["bin", "script", "record", "answer", "tmux"]);
    const names = (await Array.fromAsync(Deno.readDir(this.path))).map(({ name }) => name);
    return names.filter((name) => !known.has(name) && !name.startsWith(".")).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A shell that was just ended may still write something.
    const remove = () => Deno.remove(this.path, { recursive: true }).then(() => "", String);
    await readUntil(remove, (error) => error === "", { what: `${this.path} is removed` });
  }
}

/** The shell of a ShellFolder in a terminal of 100 by 30. */
export class ShellTerminal implements AsyncDisposable {
  readonly #folder: ShellFolder;

  private constructor(folder: ShellFolder) {
    this.#folder = folder;
  }

  /** `load`: how the script is taken in, when not as a person's own settings would. */
  static async open(
    folder: ShellFolder,
    { load = SHELLS[folder.shell].load }: { readonly load?: string } = {},
  ): Promise<ShellTerminal> {
    const terminal = new ShellTerminal(folder);
    const { start } = SHELLS[folder.shell];
    await terminal.#tmux("new-session", "-d", "-x", "100", "-y", "30", "-c", folder.path, ...start);
    await terminal.type(`${load}; echo rea''dy`, "Enter");
    await terminal.until((screen) => /^ready$/m.test(screen), "the shell to be ready");
    await terminal.type("clear", "Enter");
    return terminal;
  }

  #tmux(...args: string[]): Promise<string> {
    return output("tmux", {
      args: ["-S", `${this.#folder.path}/tmux`, "-f", "/dev/null", ...args],
      env: this.#folder.env(),
      stdin: "null",
    });
  }

  /** Types `text`, then the keys, by tmux's names. */
  async type(text: string, ...keys: string[]): Promise<void> {
    if (text !== "") await this.#tmux("send-keys", "-l", "--", text);
    if (keys.length > 0) await this.#tmux("send-keys", ...keys);
  }

  screen(): Promise<string> {
    return this.#tmux("capture-pane", "-p", "-J");
  }

  /** The screen, as soon as it is as wanted; fails after half a minute. */
  until(wanted: (screen: string) => boolean, what: string): Promise<string> {
    return readUntil(() => this.screen(), wanted, { ...PATIENCE, what });
  }

  /** The arguments of the next command that runs, given how many ran before. */
  async nextCommand(before: number): Promise<readonly string[]> {
    const read = async () => ({
      commands: await this.#folder.commands(),
      screen: await this.screen(),
    });
    const { commands } = await readUntil(
      read,
      ({ commands }) => commands.length > before,
      { ...PATIENCE, what: "a command" },
    );
    return commands[before]!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux("kill-server").catch(() => {});
  }
}
