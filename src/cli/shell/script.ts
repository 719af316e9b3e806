/**
 * Runs commands from standard input, a line each. A script ends at its first failure; a person at a
 * terminal that can only do lines goes on until leaving.
 */
import { writeText } from "../../terminal/output.ts";
import { complain } from "../output.ts";
import { parse } from "../language/parse.ts";
import { runCommand, type Session } from "../session.ts";
import { lineWords } from "../language/words.ts";

/** Longest line, in UTF-16 units, so that an endless one cannot fill the memory. */
const MAX_LINE = 64 * 1024;

export interface ByteSource {
  read(buffer: Uint8Array): Promise<number | null>;
}

/**
 * Runs the lines; blank ones and comments (`#`) are skipped. Returns 0, or the exit status of the
 * command that failed.
 *
 * @throws {OutputError}
 */
export async function runScript(session: Session, input: ByteSource): Promise<number> {
  let number = 0;
  for await (const line of linesOf(input)) {
    number++;
    const place = `line ${number}`;
    const status = line === undefined
      ? tooLong(session, `${place}: `)
      : await runLine(session, line, { place: `${place}: `, interruptible: false });
    if (status === "quit") return 0;
    if (status === 1) {
      complain(session.stderr, `${place} failed; the commands after it were not run`);
    }
    if (status !== 0) return status;
  }
  return 0;
}

/** Prompts for lines and runs them until the end, also after failures. @throws {OutputError} */
export async function runPlainShell(
  session: Session,
  { input, prompt }: { readonly input: ByteSource; readonly prompt: string },
): Promise<number> {
  writeText(session.stdout, prompt);
  for await (const line of linesOf(input)) {
    if (line === undefined) return tooLong(session, "");
    if (await runLine(session, line, { place: "", interruptible: true }) === "quit") return 0;
    writeText(session.stdout, prompt);
  }
  // So that the prompt of the parent shell starts on a new line.
  writeText(session.stdout, "\n");
  return 0;
}

function tooLong({ stderr }: Session, place: string): number {
  complain(stderr, `${place}too long: need at most ${MAX_LINE} letters`);
  return 2;
}

/**
 * The exit status of the line; `place` precedes error messages. `interruptible`: Ctrl-C ends a
 * watch, not the program.
 */
async function runLine(
  session: Session,
  line: string,
  { place, interruptible }: { readonly place: string; readonly interruptible: boolean },
): Promise<number | "quit"> {
  const wrong = (message: string) => {
    complain(session.stderr, place + message);
    return 2;
  };
  if (line.trimStart().startsWith("#")) return 0;
  const read = lineWords(line);
  if (read.kind === "error") return wrong(read.message);
  const parsed = parse(read.words);
  if (parsed.kind === "empty") return 0;
  if (parsed.kind === "error") return wrong(parsed.message);
  const { invocation } = parsed;
  if (invocation.command === "quit") return "quit";
  const abort = new AbortController();
  if (!interruptible || invocation.command !== "watch events") {
    return await runCommand(session, invocation, abort.signal);
  }
  const onInterrupt = () => abort.abort();
  Deno.addSignalListener("SIGINT", onInterrupt);
  try {
    return await runCommand(session, invocation, abort.signal);
  } finally {
    Deno.removeSignalListener("SIGINT", onInterrupt);
  }
}

/** Lines without their ends; undefined for a line that is too long, which ends the input. */
async function* linesOf(input: ByteSource): AsyncGenerator<string | undefined, void> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(16 * 1024);
  let rest = "";
  while (true) {
    const count = await input.read(buffer);
    rest += decoder.decode(buffer.subarray(0, count ?? 0), { stream: count !== null });
    const lines = rest.split("\n");
    rest = lines.pop()!;
    // The last line may lack its end.
    if (count === null && rest !== "") lines.push(rest);
    for (const line of lines) yield line.length > MAX_LINE ? undefined : line.replace(/\r$/, "");
    if (rest.length > MAX_LINE) {
      yield undefined;
      return;
    }
    if (count === null) return;
  }
}
