/**
 * PURE. The state machine of the stream of events. It decides when to connect, when a connection
 * that still looks open is dead, and how long to wait after a failure. Each attempt has a number, so
 * that what an earlier one reports late is ignored.
 */

export type Phase =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  /** The next attempt begins at `untilMs`. */
  | { readonly kind: "waiting"; readonly untilMs: number; readonly reason: string };

export interface Connection {
  readonly phase: Phase;
  /** Number of the attempt in hand; 0: none yet. */
  readonly attempt: number;
  /** Attempts that failed since the last success. */
  readonly failures: number;
  /** When the last byte came, or the attempt began. */
  readonly heardMs: number;
  readonly tickMs: number;
}

export type Input =
  /** Begins, or begins again: from a place that the caller has loaded. */
  | { readonly kind: "start" }
  /** The server answers: the head of its answer came. */
  | { readonly kind: "opened"; readonly attempt: number }
  /** Bytes came, be it only a ping. */
  | { readonly kind: "heard"; readonly attempt: number }
  /** `spread` is a random number from 0 to 1. */
  | {
    readonly kind: "failed";
    readonly attempt: number;
    readonly reason: string;
    readonly spread: number;
  }
  /** Comes once a second, or late from a machine that slept. */
  | { readonly kind: "tick" }
  /** The page became visible, or the network came back. */
  | { readonly kind: "wake" }
  | { readonly kind: "retry" };

export interface Step {
  readonly connection: Connection;
  /** Number of the attempt to begin now; whatever ran before is to be aborted. */
  readonly open?: number;
}

/** The server sends a ping every 15 s; two of them may be lost. */
export const SILENCE_MS = 35_000;
/** A tick that is this late means that the machine slept. */
const JUMP_MS = 10_000;
/** On waking, a stream that was silent for longer than a ping takes is not trusted. */
const WAKE_SILENCE_MS = 17_000;
/** The head of an answer comes within this time. */
const OPEN_MS = 10_000;
const FIRST_WAIT_MS = 1000;
const MAX_WAIT_MS = 30_000;

export const INITIAL: Connection = {
  phase: { kind: "connecting" },
  attempt: 0,
  failures: 0,
  heardMs: 0,
  tickMs: 0,
};

/** One step; `nowMs` is a wall clock in milliseconds. */
export function step(connection: Connection, input: Input, nowMs: number): Step {
  const { phase, attempt } = connection;
  switch (input.kind) {
    case "start":
      return begin({ ...connection, failures: 0 }, nowMs);
    case "opened":
      if (input.attempt !== attempt || phase.kind !== "connecting") return { connection };
      return {
        connection: { ...connection, phase: { kind: "live" }, failures: 0, heardMs: nowMs },
      };
    case "heard":
      if (input.attempt !== attempt || phase.kind !== "live") return { connection };
      return { connection: { ...connection, heardMs: nowMs } };
    case "failed":
      if (input.attempt !== attempt || phase.kind === "waiting") return { connection };
      return wait(connection, input, nowMs);
    case "tick":
      return tick(connection, nowMs);
    case "wake":
      if (attempt === 0) return { connection };
      if (phase.kind === "waiting") return begin(connection, nowMs);
      if (nowMs - connection.heardMs > WAKE_SILENCE_MS) return begin(connection, nowMs);
      return { connection };
    case "retry":
      return phase.kind === "waiting" ? begin(connection, nowMs) : { connection };
  }
}

function begin(connection: Connection, nowMs: number): Step {
  const attempt = connection.attempt + 1;
  return {
    connection: {
      ...connection,
      phase: { kind: "connecting" },
      attempt,
      heardMs: nowMs,
      tickMs: nowMs,
    },
    open: attempt,
  };
}

function wait(
  connection: Connection,
  { reason, spread }: { readonly reason: string; readonly spread: number },
  nowMs: number,
): Step {
  const failures = connection.failures + 1;
  const longest = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1));
  // Spread over the second half, so that the browsers of a restarted server do not come together.
  const untilMs = nowMs + Math.round(longest * (0.5 + spread / 2));
  return { connection: { ...connection, phase: { kind: "waiting", untilMs, reason }, failures } };
}

function tick(before: Connection, nowMs: number): Step {
  const { phase, tickMs } = before;
  const connection = { ...before, tickMs: nowMs };
  if (before.attempt === 0) return { connection };
  const jump = Math.abs(nowMs - tickMs) > JUMP_MS;
  if (phase.kind === "waiting") {
    return jump || nowMs >= phase.untilMs ? begin(connection, nowMs) : { connection };
  }
  const silentMs = nowMs - connection.heardMs;
  // A clock that was set back would make a silence look short.
  if (silentMs < -JUMP_MS || (jump && silentMs > JUMP_MS)) return begin(connection, nowMs);
  if (silentMs > (phase.kind === "live" ? SILENCE_MS : OPEN_MS)) {
    const reason = phase.kind === "live"
      ? `nothing received for ${SILENCE_MS / 1000} s`
      : `no answer within ${OPEN_MS / 1000} s`;
    return wait(connection, { reason, spread: 0 }, nowMs);
  }
  return { connection };
}
