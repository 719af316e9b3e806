/** The interactive shell: reads lines from a terminal, each a command, until the user leaves. */
import { MaglevError } from "../../base/errors.ts";
import { BUILD } from "../../base/version.ts";
import { Editor } from "./editor.ts";
import { failureLine } from "../../grpc/client/failures.ts";
import { History } from "./history.ts";
import { liveNames } from "./names.ts";
import { writeText } from "../../terminal/output.ts";
import { complain } from "../output.ts";
import { parse } from "../language/parse.ts";
import { printable } from "../../terminal/text.ts";
import type { Server } from "../servers.ts";
import { runCommand, type Session } from "../session.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { lineWords } from "../language/words.ts";

/** Longest wait of the greeting for a server, in milliseconds. */
const GREETING_MS = 1000;
/** Longest list of servers in the prompt. */
const MAX_PROMPT = 40;

export interface ShellOptions {
  readonly terminal: Terminal;
  /** Path of the history; undefined: it is not kept. */
  readonly historyPath: string | undefined;
}

/** Returns the exit status. @throws {OutputError} */
export async function runShell(session: Session, options: ShellOptions): Promise<number> {
  const { terminal, historyPath } = options;
  terminal.enter();
  try {
    return await Promise.race([new Shell(session, terminal).run(historyPath), terminal.ended]);
  } finally {
    terminal.leave();
  }
}

class Shell {
  readonly #session: Session;
  readonly #terminal: Terminal;

  constructor(session: Session, terminal: Terminal) {
    this.#session = session;
    this.#terminal = terminal;
  }

  async run(historyPath: string | undefined): Promise<number> {
    const { servers, clock, color } = this.#session;
    const history = new History({
      path: historyPath,
      clock,
      warn: (message) => complain(this.#session.stderr, message),
    });
    await history.load();
    await this.#terminal.interruptible((signal) => this.#greet(signal));
    const editor = new Editor({
      terminal: this.#terminal,
      prompt: promptOf(servers),
      promptStyle: color ? "1" : "",
      names: liveNames({ servers, clock }),
    });
    while (true) {
      const result = await editor.readLine(history.lines);
      if (result.kind === "end") return 0;
      const lines = result.text.split("\n").filter((line) => line.trim() !== "");
      for (const [index, line] of lines.entries()) {
        await history.add(line);
        const outcome = await this.#run(line);
        if (outcome === "end") return 0;
        const left = lines.length - index - 1;
        if (outcome === "failed" && left > 0) {
          // The rest of the lines assumes that this one succeeded.
          complain(this.#session.stderr, `${left} more pasted line${left > 1 ? "s" : ""} not run`);
          break;
        }
      }
    }
  }

  async #run(line: string): Promise<"ok" | "failed" | "end"> {
    const { stderr } = this.#session;
    const read = lineWords(line);
    if (read.kind === "error") {
      complain(stderr, read.message);
      return "failed";
    }
    const parsed = parse(read.words);
    if (parsed.kind === "empty") return "ok";
    if (parsed.kind === "error") {
      complain(stderr, parsed.message);
      return "failed";
    }
    const { invocation } = parsed;
    if (invocation.command === "quit") return "end";
    const status = await this.#terminal.interruptible((signal) =>
      invocation.command === "watch events"
        ? this.#terminal.untilKey(signal, (either) => runCommand(this.#session, invocation, either))
        : runCommand(this.#session, invocation, signal)
    );
    return status === 0 ? "ok" : "failed";
  }

  /** Writes the versions of maglevc and of the servers. */
  async #greet(signal: AbortSignal): Promise<void> {
    const { servers, stdout, stderr } = this.#session;
    writeText(stdout, `maglevc ${BUILD.version}; ? shows what may follow, quit leaves\n`);
    const deadlineMs = Math.min(GREETING_MS, servers[0]?.endpoint.timeoutMs ?? GREETING_MS);
    await Promise.all(servers.map(async (server) => {
      try {
        const { version } = await server.ask((client) =>
          client.call("GetVersion", {}, { deadlineMs, signal })
        );
        writeText(stdout, `${server.address}: maglevd ${printable(version)}\n`);
      } catch (error) {
        const endpoint = { ...server.endpoint, timeoutMs: deadlineMs };
        complain(stderr, failureLine(MaglevError.from(error), endpoint, true));
      }
    }));
  }
}

/** Names the servers, unless it is the default one. */
export function promptOf(servers: readonly Pick<Server, "address">[]): string {
  const names = servers.map(({ address }) => address).join(",");
  if (names === "localhost:9090") return "maglevc> ";
  const [first = ""] = servers.map(({ address }) => address);
  const short = names.length <= MAX_PROMPT
    ? names
    : servers.length === 1
    ? `${first.slice(0, MAX_PROMPT - 1)}…`
    : `${first.slice(0, MAX_PROMPT - 4)}+${servers.length - 1}`;
  return `maglevc ${printable(short)}> `;
}
