/**
 * A word on VPP below an answer that would look well without it: what frontends have is what VPP
 * should have, and an operator at night must see that it does not.
 */
import { MaglevError } from "../../base/errors.ts";
import type { messages } from "../../grpc/client.ts";
import type { CommandContext } from "../command.ts";
import { elapsed, millisecondsOf } from "../render/mod.ts";
import type { Block } from "../view.ts";
import { ask } from "./call.ts";

/** An answer is not held up for longer by it. */
const NOTICE_DEADLINE_MS = 2000;

/** A line when VPP is not connected; nothing from a server that does not know the call. */
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
  nowMs: number,
): readonly Block[] {
  if (vpp === "off") {
    const text = "VPP integration is off: no frontend is programmed";
    return [{ kind: "lines", lines: [{ text, style: "muted" }], offTerminal: "omitted" }];
  }
  // Empty: a server of before this field.
  if (vpp === "connected" || vpp === "") return [];
  const age = vppSinceUnixNs === 0n
    ? ""
    : ` for ${elapsed(nowMs - millisecondsOf(vppSinceUnixNs))}`;
  const why = vppError === "" ? "" : `: ${vppError}`;
  return [{
    kind: "lines",
    lines: [{
      text: `VPP is not connected${age}, and gets no changes${why}`,
      gist: "VPP is not connected",
      style: "bad",
    }],
    offTerminal: "aside",
  }];
}
