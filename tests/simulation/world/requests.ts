/** The requests of a daemon that change VPP, read from the bytes that it writes. PURE. */
import type { IpAddress } from "../../../src/base/address.ts";
import type { MessageCodec } from "../../../src/vpp/wire/codec.ts";
import { FrameDecoder } from "../../../src/vpp/wire/frame.ts";
import * as m from "../../../src/vpp/wire/messages.ts";

/** Requests whose reply is a retval and nothing else. */
export const OPERATIONS: ReadonlySet<string> = new Set([
  "lb_conf",
  "lb_add_del_vip",
  "lb_add_del_vip_v2",
  "lb_add_del_as",
  "lb_add_del_as_v2",
  "lb_as_set_weight",
  "lb_flush_vip",
]);

/** One request that changes VPP. `vip` is as of vipKeyText(). */
export type SentRequest =
  | { readonly kind: "conf" }
  | { readonly kind: "vip-add"; readonly vip: string; readonly isSticky: boolean }
  | { readonly kind: "vip-del"; readonly vip: string }
  | { readonly kind: "vip-flush"; readonly vip: string }
  | {
    readonly kind: "as-add" | "as-weight";
    readonly vip: string;
    readonly server: string;
    readonly weight: number;
    readonly flush: boolean;
  }
  | {
    readonly kind: "as-del";
    readonly vip: string;
    readonly server: string;
    readonly flush: boolean;
  };

interface VipFields {
  readonly pfx: { readonly address: IpAddress; readonly len: number };
  readonly protocol: number;
  readonly port: number;
}

/** Splits what one connection writes; handshakes and requests that only read are left out. */
export class RequestReader {
  readonly #decoder = new FrameDecoder();
  readonly #byId = new Map<number, (message: Uint8Array) => SentRequest>();

  /** `ids`: the message table of this VPP. */
  constructor(ids: ReadonlyMap<string, number>) {
    for (const [key, read] of READERS) {
      const id = ids.get(key);
      if (id !== undefined) this.#byId.set(id, read);
    }
  }

  /** The requests that these bytes complete. */
  push(bytes: Uint8Array): SentRequest[] {
    const sent: SentRequest[] = [];
    this.#decoder.push(bytes, (message) => {
      const read = this.#byId.get((message[0]! << 8) | message[1]!);
      if (read !== undefined) sent.push(read(message));
    });
    return sent;
  }
}

/** `as-weight 192.0.2.1/32 6 80 10.0.0.1 100 flush`. */
export function requestText(request: SentRequest): string {
  if (request.kind === "conf") return "conf";
  const parts: (string | number)[] = [request.kind, request.vip];
  if ("server" in request) parts.push(request.server);
  if ("weight" in request) parts.push(request.weight);
  if ("flush" in request && request.flush) parts.push("flush");
  return parts.join(" ");
}

const READERS: ReadonlyMap<string, (message: Uint8Array) => SentRequest> = new Map([
  reader(m.lbConf, () => ({ kind: "conf" })),
  reader(m.lbAddDelVip, (body) => vipRequest(body, false)),
  reader(m.lbAddDelVipV2, (body) => vipRequest(body, body.srcIpSticky)),
  reader(m.lbFlushVip, (body) => ({ kind: "vip-flush", vip: keyOf(body) })),
  reader(m.lbAddDelAs, (body) => serverRequest({ ...body, weight: 100 })),
  reader(m.lbAddDelAsV2, serverRequest),
  reader(m.lbAsSetWeight, (body) => ({
    kind: "as-weight",
    vip: keyOf(body),
    server: body.asAddress.text,
    weight: body.weight,
    flush: body.isFlush,
  })),
]);

function reader<Body>(
  codec: MessageCodec<Body>,
  read: (body: Body) => SentRequest,
): [string, (message: Uint8Array) => SentRequest] {
  return [codec.key, (message) => read(codec.decode(message).body)];
}

function vipRequest(body: VipFields & { readonly isDel: boolean }, isSticky: boolean): SentRequest {
  const vip = keyOf(body);
  return body.isDel ? { kind: "vip-del", vip } : { kind: "vip-add", vip, isSticky };
}

function serverRequest(
  body: VipFields & {
    readonly asAddress: IpAddress;
    readonly weight: number;
    readonly isDel: boolean;
    readonly isFlush: boolean;
  },
): SentRequest {
  const { asAddress: { text: server }, weight, isFlush: flush } = body;
  const vip = keyOf(body);
  return body.isDel
    ? { kind: "as-del", vip, server, flush }
    : { kind: "as-add", vip, server, weight, flush };
}

/** Releases without weights take the length of an IPv4 prefix as of 128 bits. */
function keyOf({ pfx, protocol, port }: VipFields): string {
  const { address, len } = pfx;
  const length = address.family === 4 && len > 32 ? len - 96 : len;
  return `${address.text}/${length} ${protocol} ${port}`;
}
