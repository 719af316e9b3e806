/** PURE. How many probes start in one round of the scheduler. */
import { type HealthcheckConfig, isTls } from "../../config/model.ts";

/**
 * Starts in one round: a few more than the probes that ended since the previous round, within
 * bounds, and zero while results wait (backlog.ts). The reason: a turn of the event loop delivers
 * at most 128 results, and an HTTP probe needs three. Measured with 10,000 targets and twice the
 * load that the host can carry: with up to 200 starts a round nearly all were judged down; with
 * this rule probes are late and no server is judged down.
 */
const STARTS_BEYOND_ENDS = 8;
const MIN_STARTS_PER_ROUND = 24;
const MAX_STARTS_PER_ROUND = 64;

/** A start of a TLS probe counts as this many: it costs about ten times the CPU. */
const TLS_STARTS = 8;

/**
 * A longer turn of the event loop has too many probes in it, because each step of a probe waits
 * for a turn (five turns for a TLS handshake). Then fewer probes start than ended.
 */
const LONG_TURN_MS = 20;

/**
 * Most starts in a round that is `lateMs` late, when probes with a weight of `ended` have ended since
 * the previous round.
 */
export function mostStarts(
  { lateMs, ended }: { readonly lateMs: number; readonly ended: number },
): number {
  if (lateMs > LONG_TURN_MS) return Math.max(1, ended >> 1);
  const most = Math.max(ended + STARTS_BEYOND_ENDS, MIN_STARTS_PER_ROUND);
  return Math.min(most, MAX_STARTS_PER_ROUND);
}

/** The weight of a probe among the starts of a round. */
export function startsOf({ params }: HealthcheckConfig): number {
  return isTls(params) ? TLS_STARTS : 1;
}
