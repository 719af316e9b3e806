/** Operators' intents: displays them, and reads them from the arguments of a `set`. */
import { parseDuration } from "../../base/duration.ts";
import { MaglevError } from "../../base/errors.ts";
import { LATEST_MS, TOO_FAR_AWAY, type WallMs, wallMsOf } from "../../base/instant.ts";
import type { messages } from "../../grpc/client/client.ts";
import type { Args } from "../language/node.ts";
import type { FieldsBlock } from "../render/model.ts";
import { sinceCell, textCell, untilText, whoText } from "./cells.ts";

/** Operator, reason, start and end of an intent. */
export function intentBlock(intent: messages.Intent, nowMs: WallMs): FieldsBlock {
  const { kind, untilUnixNs, fromUnixNs, scheduled } = intent;
  const until = untilText(untilUnixNs, nowMs);
  return {
    kind: "fields",
    title: scheduled ? "operator's intent to come" : "operator's intent",
    fields: [
      { label: "id", value: { text: intent.id } },
      { label: "kind", value: { text: kind, style: "warn" } },
      { label: "by", value: textCell(whoText(intent)) },
      { label: "reason", value: textCell(intent.reason) },
      { label: "since", value: sinceCell(intent.sinceUnixNs, nowMs) },
      {
        label: "from",
        value: {
          text: fromUnixNs === undefined ? "" : untilText(fromUnixNs, nowMs),
          volatile: true,
        },
        optional: true,
      },
      { label: "until", value: { text: until, volatile: untilUnixNs !== undefined } },
    ],
  };
}

/** `in` or `from` as a field of a request. */
export function beginOf({ in: span, from }: Args): messages.BackendRequest["begin"] {
  if (span !== undefined) return { $case: "inNs", value: nanoseconds(spanOf(span)) };
  return from === undefined
    ? undefined
    : { $case: "fromUnixNs", value: nanoseconds(instantOf(from)) };
}

/** `reason`, `for` and `until` as fields of a request. */
export function intentRequest(args: Args): Pick<messages.BackendRequest, "reason" | "end"> {
  const { for: span, until } = args;
  return {
    reason: args.reason ?? "",
    end: span !== undefined
      ? { $case: "forNs", value: nanoseconds(spanOf(span)) }
      : until !== undefined
      ? { $case: "untilUnixNs", value: nanoseconds(instantOf(until)) }
      : undefined,
  };
}

/** The words of a scope and `force` as fields of a request. */
export function scopeRequest(
  args: Args,
): Partial<Pick<messages.BackendRequest, "scope" | "force">> {
  const { fleet, site, lb, force } = args;
  const scope = fleet !== undefined
    ? "fleet"
    : site !== undefined
    ? `site=${site}`
    : lb !== undefined
    ? `lb=${lb}`
    : undefined;
  return {
    ...(scope === undefined ? {} : { scope }),
    ...(force === undefined ? {} : { force: true }),
  };
}

/** The tree accepts only durations that parseDuration() can read. */
export function spanOf(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new MaglevError("invalid-argument", `cannot take ${JSON.stringify(text)} for a duration`);
}

export function instantOf(text: string): WallMs {
  const ms = wallMsOf(new Date(text));
  const reason = Number.isNaN(ms)
    ? " for a time"
    : ms > LATEST_MS
    ? `: ${TOO_FAR_AWAY}`
    : undefined;
  if (reason === undefined) return ms;
  throw new MaglevError("invalid-argument", `cannot take ${JSON.stringify(text)}${reason}`);
}

/** Exact to the microsecond, because a number cannot hold more digits. */
export function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1000)) * 1000n;
}
