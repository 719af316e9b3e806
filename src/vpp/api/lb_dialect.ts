/**
 * Recognises the capabilities of a VPP's lb plugin by the message table, and picks its LbApi.
 *
 *     weight messages   lb_conf_get   plugin's messages go by    LbApi
 *     yes               any           any                        LbClient
 *     no                any           lb_31818767                UnweightedLbClient, faulty
 *     no                any           another name               UnweightedLbClient
 *
 * The definitions of the plugin's messages (and so their CRCs) are the same from 23.02 to 26.06.
 * A plugin registers its messages under its name and the CRC of the whole definition file, which
 * VPP is asked for with `get_first_msg_id`: that tells the releases with faults of their own from
 * all others, whatever they call themselves.
 */
import { MaglevError } from "../../base/errors.ts";
import type { VppClient } from "./client.ts";
import type { Call } from "./exchange.ts";
import { LbClient } from "./lb_client.ts";
import { UnweightedLbClient } from "./lb_client_unweighted.ts";
import type { LbApi } from "../ports.ts";
import type { MessageCodec } from "../wire/codec.ts";
import {
  cliInband,
  cliInbandReply,
  type GetFirstMsgId,
  getFirstMsgId,
  type GetFirstMsgIdReply,
  getFirstMsgIdReply,
  lbAddDelAs,
  lbAddDelAsReply,
  lbAddDelAsV2,
  lbAddDelAsV2Reply,
  lbAddDelVipV2,
  lbAddDelVipV2Reply,
  lbAsSetWeight,
  lbAsSetWeightReply,
  lbAsV2Details,
  lbAsV2Dump,
  lbConf,
  lbConfReply,
  lbFlushVip,
  lbFlushVipReply,
  lbVipDetails,
  lbVipDump,
} from "../wire/messages.ts";
import type { MessageTable } from "../wire/table.ts";

/** The plugin of all releases from 23.02 to 26.06. */
const FAULTY_PLUGIN = "lb_31818767";

/** Without these nothing can be programmed. */
const NEEDED: readonly MessageCodec<unknown>[] = [
  cliInband,
  cliInbandReply,
  lbConf,
  lbConfReply,
  lbAddDelVipV2,
  lbAddDelVipV2Reply,
  lbFlushVip,
  lbFlushVipReply,
];

/** With all of these a VPP has weights. */
const WEIGHTS: readonly MessageCodec<unknown>[] = [
  lbAddDelAsV2,
  lbAddDelAsV2Reply,
  lbAsSetWeight,
  lbAsSetWeightReply,
  lbVipDump,
  lbVipDetails,
  lbAsV2Dump,
  lbAsV2Details,
];

/** With these, it does without. */
const IN_OR_OUT: readonly MessageCodec<unknown>[] = [
  lbAddDelAs,
  lbAddDelAsReply,
  getFirstMsgId,
  getFirstMsgIdReply,
];

const FIRST_ID: Call<GetFirstMsgId, GetFirstMsgIdReply, boolean> = {
  request: getFirstMsgId,
  reply: getFirstMsgIdReply,
  result: (reply) => reply.retval === 0,
};

/** True when VPP has all messages for weights. */
function hasWeights(table: MessageTable): boolean {
  return table.missing(WEIGHTS).length === 0;
}

/** Names of the weight messages that a VPP without weights lacks; empty for one with. */
export function missingForWeights(table: MessageTable): readonly string[] {
  return table.missing(WEIGHTS);
}

/**
 * Throws MaglevError `failed-precondition` that names what this VPP lacks of `others` and of what
 * programming cannot do without.
 */
export function requireMessages(
  table: MessageTable,
  others: readonly MessageCodec<unknown>[],
): void {
  const servers = hasWeights(table) ? WEIGHTS : IN_OR_OUT;
  const missing = table.missing([...others, ...NEEDED, ...servers]);
  if (missing.length === 0) return;
  const noPlugin = [...NEEDED, ...WEIGHTS, ...IN_OR_OUT]
    .filter((codec) => codec.name.startsWith("lb_"))
    .every((codec) => table.idOf(codec) === undefined);
  const hint = noPlugin ? " (is the lb plugin loaded?)" : "";
  throw new MaglevError(
    "failed-precondition",
    `This VPP lacks messages that are needed${hint}: ${missing.join(", ")}`,
  );
}

/** The LbApi for a VPP that passed requireMessages(). Rejects when the connection ends. */
export async function openLb(client: VppClient): Promise<LbApi> {
  if (hasWeights(client.table)) return new LbClient(client);
  const faulty = await client.request(FIRST_ID, { name: FAULTY_PLUGIN });
  return new UnweightedLbClient(client, { faulty });
}
