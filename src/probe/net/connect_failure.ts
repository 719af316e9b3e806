/**
 * Finds the reason why a connection attempt failed. Where the error is ambiguous, a datagram socket
 * is connected to the target, which looks up the route and sends nothing.
 */
import { bytesOf, parseIp } from "../../base/address.ts";
import { errnoName } from "../../base/errno.ts";
import { connectVerdict, errorCode, type Verdict } from "../outcome.ts";
import { type ProbeSpec, sourceOf } from "../prober.ts";
import { threadShim } from "./thread_shim.ts";
import { withZoneNumber } from "./zone.ts";

/** The verdict for an error thrown while connecting to `spec`. */
export function connectFailure(error: unknown, spec: ProbeSpec): Verdict {
  return connectVerdict(error, {
    source: sourceOf(spec),
    family: spec.address.includes(":") ? 6 : 4,
    route: (source) => routeRefusal(spec.address, source),
  });
}

/** See Attempt.route of outcome.ts; undefined without the shim. Never throws. */
export function routeRefusal(address: string, source: string | undefined): string | undefined {
  const shim = threadShim();
  if (shim === undefined) return undefined;
  let target;
  try {
    target = parseIp(withZoneNumber(address), { allowZone: true });
  } catch (error) {
    // The interface was removed in the meantime, or cannot be looked up.
    return errorCode(error);
  }
  if (target === undefined) return undefined;
  const from = source === undefined ? undefined : parseIp(source);
  const to = bytesOf(target);
  const bytes = from === undefined ? new Uint8Array(0) : bytesOf(from);
  const result = shim.calls.maglev_route_check(
    to,
    to.length,
    bytes,
    bytes.length,
    Number(target.zone),
  );
  return result === 0 ? "" : errnoName(result);
}
