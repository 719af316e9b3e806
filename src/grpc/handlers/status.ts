/** Is the daemon ready, and what keeps it from being so. */
import type { Handler } from "../calls.ts";
import { type GetStatusRequest, StatusInfo } from "../gen/maglev.ts";
import { withheldText } from "../../vpp/withheld.ts";
import type { DaemonDoor } from "../ports.ts";

export function getStatus({ readiness, vpp }: DaemonDoor): Handler<GetStatusRequest, StatusInfo> {
  return () => ({
    ...StatusInfo.empty,
    ready: readiness.readiness().ready,
    withheld: vpp?.reconciler.withheld().map(withheldText) ?? [],
  });
}
