/** What all ways of giving commands share: the servers, how to show what they answer, the standard streams. */
import type { Clock, Prng } from "../base/ports.ts";
import { execute } from "./execute.ts";
import type { Args, CommandName, Invocation } from "./node.ts";
import { complain, type OutputStream, writeText } from "./output.ts";
import type { Server } from "./servers.ts";
import { watchEvents } from "./watch.ts";

/** The outside world, as maglevc sees it. */
export interface Streams {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

export interface Session extends Streams {
  readonly servers: readonly Server[];
  readonly output: "text" | "json" | "yaml";
  readonly color: boolean;
  /** A `set` says what share of new flows moved. */
  readonly forecast: boolean;
  /** Columns for the next answer; Infinity: no terminal. */
  readonly width: () => number;
  readonly clock: Clock;
  readonly prng: Prng;
}

/** Commands that end the giving of commands. */
export function isEnd({ command }: Invocation): boolean {
  return command === "quit";
}

/** Runs a command. The exit status it alone would have. @throws {OutputError} */
export async function runCommand(
  session: Session,
  invocation: Invocation,
  signal: AbortSignal,
): Promise<number> {
  const { command, args } = invocation;
  if (isAsking(command)) return await ask(session, { command, args, signal });
  if (command === "watch events") return await watch(session, args, signal);
  return await runLocally(session, command, args);
}

type AskingCommand = Parameters<typeof execute>[0];
/** Commands that no server is needed for. */
export type LocalCommand = Exclude<CommandName, AskingCommand | "watch events">;

/** True for commands that need no server. */
export function isLocal(command: CommandName): command is LocalCommand {
  return command === "help" || command === "quit" || command === "completion";
}

function isAsking(command: CommandName): command is AskingCommand {
  return !isLocal(command) && command !== "watch events";
}
