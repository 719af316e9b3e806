/** PURE. Whether what is shown is true now, and the reason when it is not. */
import type { Phase } from "../stream/connection.ts";

export type Liveness =
  | { readonly kind: "loading" }
  | { readonly kind: "live" }
  | {
    readonly kind: "stale";
    readonly reason: string;
    /** By the browser's clock; absent: an attempt is under way. */
    readonly retryAtMs?: number;
    readonly heardMs: number;
  };

/** A connection that is made again within this time needs no banner. */
export const PATIENCE_MS = 3000;

/** Instants are those of the browser's wall clock, in milliseconds. */
export interface LivenessFacts {
  /** Of the stream. */
  readonly phase: Phase;
  /** When the server was heard last. */
  readonly heardMs: number;
  /** When the stream was live last. */
  readonly liveMs: number;
  /** Since when what is shown is known to lack something; undefined: it does not. */
  readonly lackingMs: number | undefined;
}

/** What follows from the facts; `before` itself when nothing changed. */
export function livenessOf(
  { phase, heardMs, liveMs, lackingMs }: LivenessFacts,
  before: Liveness,
  nowMs: number,
): Liveness {
  if (phase.kind === "waiting") {
    return { kind: "stale", reason: phase.reason, retryAtMs: phase.untilMs, heardMs };
  }
  if (lackingMs !== undefined && nowMs - lackingMs > PATIENCE_MS) {
    return { kind: "stale", reason: "a new state is being loaded", heardMs };
  }
  if (phase.kind === "live") return before.kind === "live" ? before : { kind: "live" };
  if (before.kind !== "stale" && nowMs - liveMs <= PATIENCE_MS) return before;
  // While it connects the reason of the last failure stays.
  const reason = before.kind === "stale" ? before.reason : "no answer yet";
  return { kind: "stale", reason, heardMs };
}
