/** Commands from standard input when that is no terminal: a line each, up to the first that fails. */
import { complain } from "./output.ts";
import { parse } from "./parse.ts";
import { runCommand, type Session } from "./session.ts";
import { lineWords } from "./words.ts";

/** Longest line, in UTF-16 units: one that does not end shall not fill the memory. */
const MAX_LINE = 64 * 1024;

export interface ByteSource {
  read(buffer: Uint8Array): Promise<number | null>;
}

/**
 * Runs the lines. Blank ones, and such as begin with `#`, are nothing. The exit status is 0, or that
 * of the command that failed. @throws {OutputError}
 */
export async function runScript(session: Session, input: ByteSource): Promise<number> {
  const { signal } = new AbortController();
  let number = 0;
  for await (const line of linesOf(input)) {
    number++;
    const fail = (message: string) => {
      complain(session.stderr, `line ${number}: ${message}`);
      return 2;
    };
    if (line === undefined) return fail(`too long: need at most ${MAX_LINE} letters`);
    if (line.trimStart().startsWith("#")) continue;
    const read = lineWords(line);
    if (read.kind === "error") return fail(read.message);
    const parsed = parse(read.words);
    if (parsed.kind === "empty") continue;
    if (parsed.kind === "error") return fail(parsed.message);
    if (parsed.invocation.command === "quit") return 0;
    const status = await runCommand(session, parsed.invocation, signal);
    if (status !== 0) {
      complain(session.stderr, `line ${number} failed; what follows it was not run`);
      return status;
    }
  }
  return 0;
}

/** Lines without their ends; undefined: one that is too long, and the last. */
async function* linesOf(input: ByteSource): AsyncGenerator<string | undefined, void> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(16 * 1024);
  let rest = "";
  while (true) {
    const count = await input.read(buffer);
    rest += decoder.decode(buffer.subarray(0, count ?? 0), { stream: count !== null });
    const lines = rest.split("\n");
    rest = count === null ? "" : lines.pop()!;
    for (const line of lines) yield line.length > MAX_LINE ? undefined : line.replace(/\r$/, "");
    if (rest.length > MAX_LINE) {
      yield undefined;
      return;
    }
    if (count === null) return;
  }
}
