/** Times in requests of operators. PURE. */
import type { BackendRequest } from "../../../src/grpc/gen/maglev.ts";
import type { ActionTimes } from "../judge/intent_judge.ts";

export function nanoseconds(ms: number): bigint {
  return BigInt(ms) * 1_000_000n;
}

/** Times of an action as fields of a request. */
export function timesOf({ inMs, forMs }: ActionTimes): Pick<BackendRequest, "begin" | "end"> {
  return {
    begin: inMs === undefined ? undefined : { $case: "inNs", value: nanoseconds(inMs) },
    end: forMs === undefined ? undefined : { $case: "forNs", value: nanoseconds(forMs) },
  };
}
