/** Makes VPP match the configuration and the health of backends. */
import type { Answer, CommandContext } from "./command.ts";
import type { Args } from "../language/node.ts";
import { counted, elapsed, millisecondsOf } from "../render/mod.ts";
import type { Cell } from "../render/model.ts";
import { answer, ask } from "./call.ts";
import { countsText } from "./plan_view.ts";

/** Reports also that there was nothing to do. */
export async function syncVpp(context: CommandContext, args: Args): Promise<Answer> {
  const { frontend = "", reason = "" } = args;
  const message = await ask(context, "SyncVPPLBState", { request: { frontend, reason } });
  const { failed, durationNs } = message;
  const took = elapsed(millisecondsOf(durationNs));
  const what = frontend === "" ? "all VIPs" : frontend;
  const done = countsText([
    [message.vipsAdded, "VIP", "added"],
    [message.vipsRemoved, "VIP", "removed"],
    [message.serversAdded, "server", "added"],
    [message.serversRemoved, "server", "removed"],
    [message.weightsUpdated, "weight", "updated"],
  ]);
  const idle = failed > 0 ? "nothing changed" : "VPP had everything as it should be";
  const lines: Cell[] = [{
    text: `${what}: ${done === "" ? idle : done}, in ${took}`,
    style: failed > 0 ? "warn" : "good",
  }];
  if (failed > 0) {
    lines.push({
      text: `${counted(failed, "operation")} failed or withheld: see \`show status\`, and ` +
        "vpp-lbsync-error in the log of maglevd",
      style: "bad",
    });
  }
  return answer("SyncVPPLBState", message, { view: [{ kind: "lines", lines }], ok: failed === 0 });
}
