/**
 * Converts values of lb/model.ts to requests of the lb plugin, for a VPP without weights (26.06 and
 * before). These versions have two bugs in src/plugins/lb/api.c, which "lb: API bugfix"
 * (db44addb60c, in no release up to 26.06) fixed:
 *
 *  - They take every prefix length for one of 128 bits. So 192.0.2.1/32 becomes ::/32, the same VIP
 *    for every IPv4 address; 192.0.2.1/128 works.
 *  - They compare the encapsulation without converting it from network order. GRE4 is 0 in both
 *    orders; GRE6 for an IPv4 VIP is refused unless its bytes are swapped.
 *
 * Both were seen on that plugin, built into a running VPP. lb_dialect.ts detects them. The state is
 * read by the CLI only; see lb/actual.ts.
 */
import type { IpAddress } from "../../base/address.ts";
import { MaglevError } from "../../base/errors.ts";
import type { VppClient } from "./client.ts";
import {
  CLI,
  confBody,
  FLUSH_VIP,
  GET_CONF,
  retvalOf,
  routeIndex,
  SET_CONF,
  VIP,
  vipAddition,
  vipDeletion,
  vipFields,
} from "./lb_requests.ts";
import type { LbApi, Retval } from "../ports.ts";
import type { ServerDetails, VipDetails } from "../lb/actual.ts";
import type { ActualVip, DesiredVip, LbConf, VipKey } from "../lb/model.ts";
import type { AddressWithPrefix } from "../wire/codec.ts";
import { lbAddDelAs, lbAddDelAsReply, lbConfGet } from "../wire/messages.ts";

const SERVER = { request: lbAddDelAs, reply: lbAddDelAsReply, result: retvalOf };

/** Options of UnweightedLbClient. */
export interface UnweightedOptions {
  /** True for a plugin with the bugs above. */
  readonly faulty: boolean;
}

/** LbApi of ports.ts over one client; valid as long as the client is. */
export class UnweightedLbClient implements LbApi {
  readonly capabilities = { weights: false };
  readonly #client: VppClient;
  readonly #faulty: boolean;

  constructor(client: VppClient, options: UnweightedOptions) {
    this.#client = client;
    this.#faulty = options.faulty;
  }

  getConf(): Promise<LbConf | undefined> {
    if (this.#client.table.idOf(lbConfGet) === undefined) return Promise.resolve(undefined);
    return this.#client.request(GET_CONF, {});
  }

  setConf(conf: LbConf): Promise<Retval> {
    return this.#client.request(SET_CONF, confBody(conf));
  }

  addVip(vip: DesiredVip): Promise<Retval> {
    return this.#client.request(VIP, this.#suited(vipAddition(vip)));
  }

  deleteVip(vip: ActualVip): Promise<Retval> {
    return this.#client.request(VIP, this.#suited(vipDeletion(vip)));
  }

  addServer(vip: VipKey, address: IpAddress): Promise<Retval> {
    return this.#server(vip, { asAddress: address, isDel: false, isFlush: false });
  }

  deleteServer(vip: VipKey, address: IpAddress, flush: boolean): Promise<Retval> {
    return this.#server(vip, { asAddress: address, isDel: true, isFlush: flush });
  }

  setWeight(): Promise<Retval> {
    return Promise.reject(unable("weights"));
  }

  flushVip(vip: VipKey): Promise<Retval> {
    return this.#client.request(FLUSH_VIP, this.#suited(vipFields(vip)));
  }

  dumpVips(): Promise<readonly VipDetails[]> {
    return Promise.reject(unable("reliable dumps"));
  }

  dumpServers(): Promise<readonly ServerDetails[]> {
    return Promise.reject(unable("reliable dumps"));
  }

  cli(command: string): Promise<string> {
    return this.#client.request(CLI, { cmd: command });
  }

  routeIndex(vip: VipKey): Promise<number | undefined> {
    return routeIndex(this.#client, vip);
  }

  #server(
    vip: VipKey,
    body: { readonly asAddress: IpAddress; readonly isDel: boolean; readonly isFlush: boolean },
  ): Promise<Retval> {
    return this.#client.request(SERVER, this.#suited({ ...vipFields(vip), ...body }));
  }

  /** `body`, converted for a plugin with the bugs. */
  #suited<T extends { readonly pfx: AddressWithPrefix; readonly encap?: number }>(body: T): T {
    if (!this.#faulty) return body;
    const { address, len } = body.pfx;
    const pfx = { address, len: address.family === 4 ? len + 96 : len };
    return body.encap === undefined
      ? { ...body, pfx }
      : { ...body, pfx, encap: swapped(body.encap) };
  }
}

function unable(what: string): MaglevError {
  return new MaglevError("unimplemented", `this VPP has no ${what}`);
}

/** The u32 `value` with its bytes in the opposite order. */
function swapped(value: number): number {
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setUint32(0, value);
  return bytes.getUint32(0, true);
}
