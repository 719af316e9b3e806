/** The threads that probe, as messages of the API. PURE. */
import { earliest } from "../../base/instant.ts";
import type { ProberView } from "../../probe/ports.ts";
import { unixNanoseconds } from "./convert.ts";
import type { ProberStatus } from "../gen/maglev.ts";

export function proberStatus({ netns, threads, backends, blind }: ProberView): ProberStatus {
  const since = blind.map(({ sinceMs }) => sinceMs);
  return {
    netns,
    threads,
    backends,
    blind: blind.length > 0,
    reason: [...new Set(blind.map(({ reason }) => reason))].join("; "),
    blindSinceUnixNs: since.length === 0 ? undefined : unixNanoseconds(since.reduce(earliest)),
  };
}
