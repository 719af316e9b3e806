/**
 * A line about VPP below frontends. Frontends show VPP's intended state, and look healthy while VPP
 * is away; an operator must see that.
 */
import { MaglevError } from "../../../base/errors.ts";
import type { WallMs } from "../../../base/instant.ts";
import type { messages } from "../../../grpc/client/client.ts";
import type { CommandContext } from "../command.ts";
import { elapsed, wallMsOfNanoseconds } from "../../render/mod.ts";
import type { Block } from "../../render/model.ts";
import { ask } from "../call.ts";

/** Longest wait, in milliseconds, because the answer itself is ready. */
const NOTICE_DEADLINE_MS = 2000;

/** A line when VPP is not connected; empty from an older server, which lacks the call. */
export async function vppNotice(context: CommandContext): Promise<readonly Block[]> {
  try {
    const status = await ask(context, "GetStatus", { deadlineMs: NOTICE_DEADLINE_MS });
    return noticeOf(status, context.nowMs);
  } catch (error) {
    if (context.signal?.aborted === true) throw error;
    if (!(error instanceof MaglevError)) throw error;
    return [];
  }
}

function noticeOf(
  { vpp, vppSinceUnixNs, vppError }: messages.StatusInfo,
  nowMs: WallMs,
): readonly Block[] {
  if (vpp === "off") {
    const text = "VPP integration is off: no frontend is programmed";
    return [{ kind: "lines", lines: [{ text, style: "muted" }], offTerminal: "omitted" }];
  }
  // Empty from an older server.
  if (vpp === "connected" || vpp === "") return [];
  const age = vppSinceUnixNs === 0n
    ? ""
    : ` for ${elapsed(nowMs - wallMsOfNanoseconds(vppSinceUnixNs))}`;
  const why = vppError === "" ? "" : `: ${vppError}`;
  return [{
    kind: "lines",
    lines: [{
      text: `VPP is not connected${age}, and gets no changes${why}`,
      comparisonKey: "VPP is not connected",
      style: "bad",
    }],
    offTerminal: "aside",
  }];
}
