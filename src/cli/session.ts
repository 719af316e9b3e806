/** The common part of one-shot commands, scripts and the shell: servers, options, streams. */
import type { Clock, Prng } from "../base/ports.ts";
import { type AskingCommand, execute } from "./execute.ts";
import { isLocal, runLocally } from "./local.ts";
import type { FleetCommand } from "./fleet/fleet.ts";
import type { Args, CommandName, Invocation } from "./language/node.ts";
import { type OutputStream, STATUS_OF_SIGNAL, writeText } from "../terminal/output.ts";
import { pause } from "../async/pause.ts";
import { complain } from "./output.ts";
import type { Server } from "./servers.ts";
import { unknownNames } from "./watch/names.ts";
import { watchEvents } from "./watch/watch.ts";

export interface Session {
  readonly servers: readonly Server[];
  readonly output: "text" | "json" | "yaml";
  readonly color: boolean;
  /** A `set` also reports the share of new flows that moved. */
  readonly forecast: boolean;
  /** Columns for the next answer; Infinity: no terminal. */
  readonly width: () => number;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

/** Runs a command and returns its exit status. @throws {OutputError} */
export async function runCommand(
  session: Session,
  { command, args }: Invocation,
  signal: AbortSignal,
): Promise<number> {
  if (isLocal(command)) return await runLocally(command, { args, stdout: session.stdout });
  const status = command === "watch events"
    ? await watch(session, args, signal)
    : isOfFleet(command)
    ? await fleet(session, command, signal)
    : hasScope(command, args)
    ? await scoped(session, { command, args, signal })
    : await ask(session, { command, args, signal });
  // Ctrl-C is the normal end of a watch.
  return signal.aborted && command !== "watch events" ? STATUS_OF_SIGNAL.SIGINT : status;
}

async function ask(
  session: Session,
  { command, args, signal }: {
    readonly command: AskingCommand;
    readonly args: Args;
    readonly signal: AbortSignal;
  },
): Promise<number> {
  const { text, errors, ok } = await execute(command, args, {
    ...session,
    width: session.width(),
    nowMs: session.clock.wallMs(),
    signal,
    waiting: {
      pause: (ms) => pause(ms, { clock: session.clock, signal }),
      say: (line) => complain(session.stderr, line),
    },
  });
  writeText(session.stdout, text);
  if (signal.aborted) complain(session.stderr, "interrupted");
  else for (const error of errors) complain(session.stderr, error);
  return ok ? 0 : 1;
}

function isOfFleet(command: CommandName): command is FleetCommand {
  // The store of a fleet is one server's to show.
  return command.startsWith("show fleet") && command !== "show fleet intents";
}

async function fleet(
  session: Session,
  command: FleetCommand,
  signal: AbortSignal,
): Promise<number> {
  // Other commands need neither its tables nor its views.
  const { runFleet } = await import("./fleet/fleet.ts");
  const options = { ...session, width: session.width(), signal };
  const { text, errors, status } = await runFleet(command, options);
  writeText(session.stdout, text);
  for (const error of signal.aborted ? ["interrupted"] : errors) complain(session.stderr, error);
  return status;
}

/** True for a change or a plan of several load balancers. */
function hasScope(command: AskingCommand, { fleet, site, lb }: Args): boolean {
  return /^(set|plan) (backend|weight)/.test(command) && (fleet ?? site ?? lb) !== undefined;
}

async function scoped(
  session: Session,
  { command, args, signal }: {
    readonly command: AskingCommand;
    readonly args: Args;
    readonly signal: AbortSignal;
  },
): Promise<number> {
  const { runScoped } = await import("./fleet/scoped.ts");
  const { text, errors, status } = await runScoped(command, args, {
    ...session,
    width: session.width(),
    nowMs: session.clock.wallMs(),
    wallMs: () => session.clock.wallMs(),
    signal,
    waiting: {
      pause: (ms) => pause(ms, { clock: session.clock, signal }),
      say: (line) => complain(session.stderr, line),
    },
  });
  writeText(session.stdout, text);
  for (const error of signal.aborted ? ["interrupted", ...errors] : errors) {
    complain(session.stderr, error);
  }
  return status;
}

async function watch(session: Session, args: Args, signal: AbortSignal): Promise<number> {
  const unknown = await unknownNames(session, args, signal);
  for (const line of unknown) complain(session.stderr, line);
  if (unknown.length > 0) return 1;
  // The library for JSON takes a while to load, and text does not need it.
  const library = session.output === "text" ? undefined : await import("../grpc/client/json.ts");
  const ok = await watchEvents({
    ...session,
    args,
    json: library && ((event) => library.answerJson("WatchEvents", event)),
    signal,
    write: (line) => writeText(session.stdout, line),
    say: (message) => complain(session.stderr, message),
  });
  return ok ? 0 : 1;
}
