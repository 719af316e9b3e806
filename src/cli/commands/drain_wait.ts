/** Waits for the end of a drain, with progress. */
import { MaglevError } from "../../base/errors.ts";
import type { messages } from "../../grpc/client/client.ts";
import { elapsed, millisecondsOf } from "../render/mod.ts";
import { ask } from "./call.ts";
import { drainText } from "./cells.ts";
import type { CommandContext } from "./command.ts";

const POLL_MS = 1000;
/** Polls between two lines of progress. */
const POLLS_PER_LINE = 10;
/** Failed polls in a row before the wait fails, so that it outlives a restart of the server. */
const MAX_FAILURES = 60;

/**
 * The backend after the drain of `started`; the backend as it was when the operator interrupts.
 *
 * @throws {MaglevError} the server refuses, or is gone for longer than a restart takes
 */
export async function drainEnd(
  context: CommandContext,
  started: messages.BackendInfo,
): Promise<messages.BackendInfo> {
  const { waiting, signal } = context;
  if (waiting === undefined) {
    throw new MaglevError("failed-precondition", "cannot wait for the end of the drain here");
  }
  let backend = started;
  let failures = 0;
  for (let poll = 0; isSameDrain(backend, started); poll++) {
    if (poll % POLLS_PER_LINE === 0) waiting.say(progress(backend, poll * POLL_MS));
    await waiting.pause(POLL_MS);
    if (signal?.aborted === true) return started;
    try {
      backend = await ask(context, "GetBackend", { request: { name: started.name } });
      failures = 0;
    } catch (error) {
      failures++;
      if (MaglevError.from(error).code !== "unavailable" || failures > MAX_FAILURES) throw error;
    }
  }
  return backend;
}

function isSameDrain(
  { intent }: messages.BackendInfo,
  { intent: first }: messages.BackendInfo,
): boolean {
  return intent?.kind === "drain" && intent.sinceUnixNs === first?.sinceUnixNs;
}

/** `web1: draining for 10s, at most 12 flows left, no packet for 0s of 42s, at most 3m10s left`. */
function progress({ name, intent, drain }: messages.BackendInfo, waitedMs: number): string {
  const { untilUnixNs = 0n, sinceUnixNs = 0n, fromUnixNs = sinceUnixNs } = intent ?? {};
  const lengthNs = untilUnixNs - fromUnixNs;
  const leftMs = Math.max(0, millisecondsOf(lengthNs) - waitedMs);
  const shown = drain === undefined ? "" : drainText(drain);
  return [
    `${name}: draining for ${elapsed(waitedMs)}`,
    ...(shown === "" ? [] : [shown]),
    `at most ${elapsed(leftMs)} left`,
  ].join(", ");
}
