/** The threads that probe, as messages of the API. PURE. */
import { earliest } from "../../base/instant.ts";
import type { ProberView } from "../../probe/ports.ts";
import { unixNanoseconds } from "./convert.ts";
import type { ProberStatus } from "../gen/maglev.ts";

export function proberStatus(prober: ProberView): ProberStatus {
  const { netns, threads, backends, blind, isolated } = prober;
  const reasons = blind.filter(({ lack }) => lack !== "isolation").map(({ reason }) => reason);
  if (isolated !== undefined) reasons.unshift(isolated);
  const since = blind.map(({ sinceMs }) => sinceMs);
  return {
    netns,
    threads,
    backends,
    blind: reasons.length > 0,
    reason: [...new Set(reasons)].join("; "),
    isolated: isolated !== undefined,
    blindSinceUnixNs: since.length === 0 ? undefined : unixNanoseconds(since.reduce(earliest)),
  };
}
