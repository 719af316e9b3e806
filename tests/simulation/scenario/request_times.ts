/** Times in requests of operators. PURE. */
import { type BackendRequest, DrainBackendRequest } from "../../../src/grpc/gen/maglev.ts";
import { create } from "../../../src/grpc/messages/codec.ts";
import type { ActionTimes } from "../judge/intent_judge.ts";

function nanoseconds(ms: number): bigint {
  return BigInt(ms) * 1_000_000n;
}

/** Times of an action as fields of a request. */
export function timesOf({ inMs, forMs }: ActionTimes): Pick<BackendRequest, "begin" | "end"> {
  return {
    begin: inMs === undefined ? undefined : { $case: "inNs", value: nanoseconds(inMs) },
    end: forMs === undefined ? undefined : { $case: "forNs", value: nanoseconds(forMs) },
  };
}

/** A drain, whose end is a length of its own. */
export function drainRequest(name: string, { then, force, inMs, forMs }: {
  readonly then: string;
  readonly force: boolean;
  readonly inMs?: number;
  readonly forMs: number | undefined;
}): DrainBackendRequest {
  const forNs = nanoseconds(forMs ?? 0);
  const { begin } = timesOf({ inMs, forMs });
  return create(DrainBackendRequest, { name, then, force, forNs, begin, reason: "test" });
}
