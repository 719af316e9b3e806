/**
 * Warns of VIPs and servers that are addresses of VPP itself. A packet to one of its own addresses
 * is delivered within VPP: interface routes win over a VIP's, and a tunnel that ends in VPP's own
 * address goes nowhere. Each full read gets the addresses by a CLI command, which lists all
 * interfaces in one reply.
 */
import { type IpAddress, parseIp } from "../../../base/address.ts";
import { MaglevError } from "../../../base/errors.ts";
import type { Logger } from "../../../base/ports.ts";
import { vipFields } from "../apply.ts";
import type { DesiredVip, LbConf } from "../../lb/model.ts";
import type { LbApi } from "../../ports.ts";

const COMMAND = "show interface address";

export class OwnAddresses {
  readonly #lb: LbApi;
  readonly #logger: Logger;
  /** Interface by address. */
  #interfaces: ReadonlyMap<string, string> = new Map();
  /** Findings that were logged. */
  #said: ReadonlySet<string> = new Set();

  constructor(lb: LbApi, logger: Logger) {
    this.#lb = lb;
    this.#logger = logger;
  }

  /** Reads the addresses; none if VPP refuses the command. Rejects when the connection ends. */
  async read(): Promise<void> {
    try {
      this.#interfaces = parseInterfaceAddresses(await this.#lb.cli(COMMAND));
    } catch (caught) {
      const error = MaglevError.from(caught);
      if (error.code === "unavailable" || error.code === "deadline-exceeded") throw error;
      this.#interfaces = new Map();
    }
  }

  /** Warns once of each VIP and server that is one of VPP's own addresses. */
  warn(vips: readonly DesiredVip[], { conf }: { readonly conf: LbConf }): void {
    const own = new Map(this.#interfaces);
    for (const { text } of [conf.ip4SrcAddress, conf.ip6SrcAddress]) {
      if (!own.has(text)) own.set(text, "the source of GRE packets");
    }
    const said = new Set<string>();
    for (const vip of vips) {
      const say = (address: IpAddress, message: string) => {
        const line = `${vip.address.text} ${vip.protocol} ${vip.port} ${message}`;
        if (said.has(line)) return;
        said.add(line);
        if (this.#said.has(line)) return;
        this.#logger.warn("vpp-platform", {
          ...vipFields(vip),
          address: address.text,
          message,
        });
      };
      const place = own.get(vip.address.text);
      if (place !== undefined) {
        say(vip.address, `the VIP does not work: its address is VPP's own (${place})`);
      }
      for (const { address } of vip.servers) {
        const where = own.get(address.text);
        if (where === undefined) continue;
        say(address, `server ${address.text} gets no packets: its address is VPP's own (${where})`);
      }
    }
    this.#said = said;
  }
}

/**
 * Parses `show interface address`. Returns the interface addresses of the default table:
 *
 *     host-eth0 (up):
 *       L3 10.1.1.1/24
 *       L3 10.2.2.2/24 ip4 table-id 7 fib-idx 1
 */
export function parseInterfaceAddresses(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let interfaceName = "";
  for (const line of text.split("\n")) {
    const head = /^(\S+) \((?:up|dn)\):/.exec(line);
    if (head !== null) interfaceName = head[1]!;
    const address = /^\s+L3 ([0-9a-fA-F.:]+)\/\d+\s*$/.exec(line);
    const ip = address === null ? undefined : parseIp(address[1]!);
    if (ip !== undefined) found.set(ip.text, `interface ${interfaceName}`);
  }
  return found;
}
