/** Is the daemon ready, and what keeps it from being so. */
import type { Handler } from "../calls.ts";
import { proberStatus } from "../convert_probers.ts";
import { type GetStatusRequest, StatusInfo } from "../gen/maglev.ts";
import type { DaemonDoor } from "../ports.ts";

export function getStatus(
  { readiness, probers }: DaemonDoor,
): Handler<GetStatusRequest, StatusInfo> {
  return () => ({
    ...StatusInfo.empty,
    ready: readiness.readiness().ready,
    probers: probers.probers().map(proberStatus),
  });
}
