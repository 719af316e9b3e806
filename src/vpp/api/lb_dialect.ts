/**
 * Detects the capabilities of a VPP's lb plugin by the message table, and chooses its LbApi.
 *
 *     weight messages   lb_conf_get   name of the messages       LbApi
 *     yes               any           any                        LbClient
 *     no                any           lb_31818767                UnweightedLbClient, faulty
 *     no                any           another name               UnweightedLbClient
 *
 * The definitions of the plugin's messages (and so their CRCs) are the same from 23.02 to 26.06.
 * A plugin registers its messages under its name and the CRC of the whole definition file.
 * `get_first_msg_id` succeeds for that name only, which identifies the releases with bugs
 * regardless of their version string.
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

/** Messages that all programming needs. */
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

/** Messages that a VPP with weights has. */
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

/** Messages that programming without weights needs. */
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

/** Names of the weight messages that a VPP lacks; empty for a VPP with weights. */
export function missingForWeights(table: MessageTable): readonly string[] {
  return table.missing(WEIGHTS);
}

/**
 * Throws MaglevError `failed-precondition`, which names the missing messages, when this VPP lacks
 * any of `others` or of those that programming needs.
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
    `this VPP lacks required messages${hint}: ${missing.join(", ")}`,
  );
}

/** Chooses the LbApi for a VPP that passed requireMessages(). Rejects when the connection ends. */
export async function openLb(client: VppClient): Promise<LbApi> {
  if (hasWeights(client.table)) return new LbClient(client);
  const faulty = await client.request(FIRST_ID, { name: FAULTY_PLUGIN });
  return new UnweightedLbClient(client, { faulty });
}
