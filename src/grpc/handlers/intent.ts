/** Common parts of requests for an operator's intent: its end, and whether it is stored. */
import { MaglevError } from "../../base/errors.ts";
import { later, LATEST_MS, TOO_FAR_AWAY, type WallMs, wholeMs } from "../../base/instant.ts";
import type { Intent } from "../../intent/intent.ts";
import type { Durability } from "../../intent/ports.ts";
import type { OperatorOptions } from "../../intent/request.ts";
import { milliseconds, wallMsOfNanoseconds } from "./convert.ts";
import type { BackendRequest } from "../gen/maglev.ts";

/** `until_unix_ns`, `for_ns`, or neither. */
type End = BackendRequest["end"];

/**
 * End of the intent, in Unix milliseconds, and its length if that was given; undefined: it has no
 * end of its own.
 */
export function endOf(
  end: End,
  nowMs: WallMs,
): Required<Pick<OperatorOptions, "untilMs" | "forMs">> | MaglevError {
  if (end === undefined) return { untilMs: undefined, forMs: undefined };
  const forMs = end.$case === "forNs" ? milliseconds(end.value) : undefined;
  const untilMs = end.$case === "forNs"
    ? later(wholeMs(nowMs), milliseconds(end.value))
    : wallMsOfNanoseconds(end.value);
  if (untilMs > LATEST_MS) {
    return new MaglevError("invalid-argument", `cannot take the end (until): ${TOO_FAR_AWAY}`);
  }
  return { untilMs, forMs };
}

/** The end of the intent, for the log. */
export function untilText(end: End, nowMs: WallMs): string | undefined {
  const read = endOf(end, nowMs);
  if (read instanceof MaglevError) return "too far away";
  return read.untilMs === undefined ? undefined : new Date(read.untilMs).toISOString();
}

/** The warning without a state directory. */
const NOT_KEPT = "in force, but it will not survive the end of maglevd: no state directory is " +
  "configured; --state-dir sets one";

/** Returns the warning for an action that left `intent` in force; empty: none. */
export function durabilityWarning(durability: Durability, intent: Intent | undefined): string {
  switch (durability.kind) {
    case "stored":
      return "";
    case "failed":
      return durability.message;
    case "off":
      // An action that ended an intent has nothing to lose.
      return intent === undefined ? "" : NOT_KEPT;
  }
}
