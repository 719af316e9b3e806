/** PURE. An operator's intent for a backend, in words. */
import type { Intent } from "../../protocol.ts";
import { formatAge, visible } from "./format.ts";

/**
 * Whose it is, until when, and why: `by alice, ends in 59m 40s: kernel upgrade`, and of a drain
 * `by alice, then disable, in 59m 40s`. A viewer does not
 * see whose. `nowMs` is the clock of the maglevd.
 */
export function intentWords(intent: Intent, nowMs: number): string {
  const { by, until_ms: untilMs, reason, then } = intent;
  const who = by === undefined ? "" : `by ${visible(by)}, `;
  const end = untilMs === undefined
    ? "until an operator ends it"
    : `${then === undefined ? "ends" : `then ${then},`} in ${formatAge(untilMs - nowMs)}`;
  return `${who}${end}${reason === undefined ? "" : `: ${visible(reason)}`}`;
}
