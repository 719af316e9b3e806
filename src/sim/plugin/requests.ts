/**
 * Handles request bytes and returns reply bytes, with VPP's handlers, answers and receivers. As in
 * VPP a reply goes to the client that the request's client_index names, so that a client with a
 * wrong index never gets it. A message that is unknown or of the wrong length is dropped silently.
 *
 * Source: VPP src/vlibapi/api_shared.c, src/vlibmemory/socket_api.c, src/plugins/lb/api.c.
 * PURE.
 */
import { MaglevError } from "../../base/errors.ts";
import type { DecodedMessage, MessageCodec, MessageHeader } from "../../vpp/wire/codec.ts";
import * as m from "../../vpp/wire/messages.ts";
import { cliOutput } from "./cli.ts";
import { lookUpRoute } from "./fib/route_lookup.ts";
import type { Faults } from "../faults.ts";
import type { LbPlugin } from "./plugin.ts";
import { serverRecords, vipRecords } from "./show.ts";
import type { Retval, VipArguments, VipName } from "./types.ts";
import { olderServerRecords, olderVipRecords } from "./older_dumps.ts";
import { PLUGIN_NAMES, type Release, understoodEncap, understoodName } from "./release.ts";

/** The answer of `show_version`. */
export interface VersionInfo {
  readonly version: string;
  readonly buildDate: string;
  readonly buildDirectory: string;
}

/** The VPP that answers. */
export interface AnsweringVpp {
  readonly plugin: LbPlugin;
  readonly release: Release;
  /** The message table of the client. */
  readonly ids: ReadonlyMap<string, number>;
  /** The client's index, which it received in the handshake. */
  readonly clientIndex: number;
  readonly pid: number;
  readonly version: VersionInfo;
  readonly faults: Faults;
}

/** The effect of a request. */
export interface Answer {
  /** The receiver of the replies; undefined: the sender of the request. */
  readonly clientIndex: number | undefined;
  /** Whole messages, without frame headers. */
  readonly replies: readonly Uint8Array[];
  /** Name of the request, without CRC. */
  readonly request: string;
}

/** One request being answered. */
interface Call<Body> {
  readonly vpp: AnsweringVpp;
  readonly plugin: LbPlugin;
  readonly header: MessageHeader;
  readonly body: Body;
  readonly message: Uint8Array;
  /** The retval of a refusal, which reply() sends; undefined: the request is executed. */
  readonly refusal: Retval | undefined;
  reply<R>(codec: MessageCodec<R>, body: R): void;
}

interface Handler {
  readonly key: string;
  readonly name: string;
  run(message: Uint8Array, vpp: AnsweringVpp): Answer | undefined;
}

const INVALID_VALUE = -7;

/** Handlers by message id, for a client with this table. */
export type Handlers = ReadonlyMap<number, Handler>;

/** The handlers of the requests that `ids` lists. */
export function handlersFor(ids: ReadonlyMap<string, number>): Handlers {
  const handlers = new Map<number, Handler>();
  for (const handler of HANDLERS) {
    const id = ids.get(handler.key);
    if (id !== undefined) handlers.set(id, handler);
  }
  return handlers;
}

/** Handles one message; undefined when VPP drops it. */
export function answer(
  message: Uint8Array,
  context: { readonly handlers: Handlers; readonly vpp: AnsweringVpp },
): Answer | undefined {
  if (message.length < 2) return undefined;
  const id = (message[0]! << 8) | message[1]!;
  return context.handlers.get(id)?.run(message, context.vpp);
}

/** A handler of one request; `handle` replies as often as it likes. */
function on<Body>(codec: MessageCodec<Body>, handle: (call: Call<Body>) => void): Handler {
  return {
    key: codec.key,
    name: codec.name,
    run(message: Uint8Array, vpp: AnsweringVpp): Answer | undefined {
      const decoded = tryDecode(codec, message);
      if (decoded === undefined) return undefined;
      const { header, body } = decoded;
      const replies: Uint8Array[] = [];
      const refusal = vpp.faults.takeRefusal(codec.name);
      const withheld = vpp.faults.takeWithheld(codec.name);
      const reply = <R>(replyCodec: MessageCodec<R>, replyBody: R) => {
        const replyId = vpp.ids.get(replyCodec.key);
        if (replyId === undefined || withheld) return;
        const replyHeader = {
          id: replyId,
          clientIndex: header.clientIndex,
          context: header.context,
        };
        const refused = refusal !== undefined && replyCodec.hasRetval;
        const body = refused ? { ...replyBody, retval: refusal } : replyBody;
        replies.push(replyCodec.encode(replyHeader, body));
      };
      handle({ vpp, plugin: vpp.plugin, header, body, message, refusal, reply });
      const clientIndex = codec.hasClientIndex ? header.clientIndex : undefined;
      return { clientIndex, replies, request: codec.name };
    },
  };
}

/** A handler whose reply is a retval and nothing else; refused, it is not carried out. */
function operation<Body>(
  codec: MessageCodec<Body>,
  replyCodec: MessageCodec<{ readonly retval: number }>,
  carryOut: (plugin: LbPlugin, body: Body, release: Release) => Retval,
): Handler {
  return on(codec, ({ vpp, plugin, body, refusal, reply }) => {
    reply(replyCodec, { retval: refusal ?? carryOut(plugin, body, vpp.release) });
  });
}

/** An operation that names a VIP, as the release understands it. */
function vipOperation<Body extends Pick<VipName, "pfx">>(
  codec: MessageCodec<Body>,
  replyCodec: MessageCodec<{ readonly retval: number }>,
  carryOut: (plugin: LbPlugin, body: Body) => Retval,
): Handler {
  return operation(
    codec,
    replyCodec,
    (plugin, body, release) => carryOut(plugin, understoodName(body, release)),
  );
}

/** `lb_add_del_vip` and its second version. */
function changeVip<Body extends Omit<VipArguments, "srcIpSticky"> & { readonly isDel: boolean }>(
  codec: MessageCodec<Body>,
  replyCodec: MessageCodec<{ readonly retval: number }>,
  isSticky: (body: Body) => boolean,
): Handler {
  return operation(codec, replyCodec, (plugin, request, release) => {
    const body = understoodName(request, release);
    if (body.isDel) return plugin.deleteVip(body);
    const encap = understoodEncap(body.encap, release);
    return plugin.addVip({ ...body, encap, srcIpSticky: isSticky(body) });
  });
}

function tryDecode<Body>(
  codec: MessageCodec<Body>,
  message: Uint8Array,
): DecodedMessage<Body> | undefined {
  try {
    return codec.decode(message);
  } catch (error) {
    if (error instanceof MaglevError) return undefined;
    throw error;
  }
}

const lbHandlers: readonly Handler[] = [
  operation(m.lbConf, m.lbConfReply, (plugin, body) => plugin.setConf(body)),
  on(m.lbConfGet, ({ plugin, reply }) => reply(m.lbConfGetReply, { retval: 0, ...plugin.conf })),
  changeVip(m.lbAddDelVip, m.lbAddDelVipReply, () => false),
  changeVip(m.lbAddDelVipV2, m.lbAddDelVipV2Reply, (body) => body.srcIpSticky),
  vipOperation(m.lbAddDelAs, m.lbAddDelAsReply, (plugin, body) => {
    const { asAddress: address, isFlush } = body;
    return body.isDel
      ? plugin.deleteServer(body, { address, flush: isFlush })
      : plugin.addServer(body, { address, weight: 100, flush: false });
  }),
  operation(m.lbAddDelAsV2, m.lbAddDelAsV2Reply, (plugin, body) => {
    const { asAddress: address, weight, isFlush } = body;
    return body.isDel
      ? plugin.deleteServer(body, { address, flush: isFlush })
      : plugin.addServer(body, { address, weight, flush: isFlush });
  }),
  operation(m.lbAsSetWeight, m.lbAsSetWeightReply, (plugin, body) => {
    const { asAddress: address, weight, isFlush } = body;
    return plugin.setWeight(body, { address, weight, flush: isFlush });
  }),
  vipOperation(m.lbFlushVip, m.lbFlushVipReply, (plugin, body) => plugin.flushVip(body)),
  on(m.lbVipDump, ({ vpp, plugin, reply }) => {
    const records = vpp.release === "main" ? vipRecords(plugin) : olderVipRecords(plugin);
    for (const record of records) reply(m.lbVipDetails, record);
  }),
  on(m.lbAsDump, ({ vpp, plugin, body, message, reply }) => {
    const filter = { ...body, raw: rawPrefix(message) };
    const records = vpp.release === "main"
      ? serverRecords(plugin, filter)
      : olderServerRecords(plugin);
    for (const record of records) reply(m.lbAsDetails, record);
  }),
  on(m.lbAsV2Dump, ({ plugin, body, message, reply }) => {
    const filter = { ...body, raw: rawPrefix(message) };
    for (const record of serverRecords(plugin, filter)) reply(m.lbAsV2Details, record);
  }),
];

const HANDLERS: readonly Handler[] = [
  ...lbHandlers,
  on(m.controlPing, ({ vpp, reply }) => reply(m.controlPingReply, { retval: 0, vpePid: vpp.pid })),
  on(m.showVersion, ({ vpp, reply }) => {
    reply(m.showVersionReply, { retval: 0, program: "vpe", ...vpp.version });
  }),
  on(m.cliInband, ({ vpp, plugin, body, reply }) => {
    reply(
      m.cliInbandReply,
      cliOutput(body.cmd, { plugin, release: vpp.release, version: vpp.version }),
    );
  }),
  on(m.ipRouteLookup, ({ plugin, body, reply }) => {
    reply(m.ipRouteLookupReply, lookUpRoute(plugin.routes, body));
  }),
  on(m.getFirstMsgId, ({ vpp, body, reply }) => {
    // The key is the name of a plugin and the CRC of its API; only the lb plugin is here.
    const isLb = body.name === PLUGIN_NAMES[vpp.release];
    const ids = [...vpp.ids].filter(([key]) => key.startsWith("lb_")).map(([, id]) => id);
    const firstMsgId = isLb ? Math.min(...ids) : 0xffff;
    reply(m.getFirstMsgIdReply, { retval: isLb ? 0 : INVALID_VALUE, firstMsgId });
  }),
  on(m.sockclntCreate, ({ vpp, reply }) => {
    const messageTable = [...vpp.ids].map(([name, index]) => ({ name, index }));
    reply(m.sockclntCreateReply, { response: 0, index: vpp.clientIndex, messageTable });
  }),
  on(m.sockclntDelete, ({ reply }) => reply(m.sockclntDeleteReply, { response: 1 })),
  on(m.memclntKeepalive, ({ reply }) => reply(m.memclntKeepaliveReply, { retval: 0 })),
  on(m.memclntKeepaliveReply, () => {}),
];

/** The 16 bytes of a dump's prefix as they came: its handlers look at nothing else. */
function rawPrefix(message: Uint8Array): Uint8Array {
  return message.slice(11, 27);
}
