/**
 * Finds operations that would complete a chain of VIPs which VPP cannot carry (see
 * base/vpp/vip_chain.ts). The check of the configuration sees only the configuration. This one also
 * sees the VIPs that VPP has: those of other programs, and those of the previous configuration,
 * which are still there while the new ones are added.
 *
 * A server counts at any weight. Its flows may outlast its weight, and a server of weight 0 that
 * was not added could not be given weight at run time. So an operator's weight, a failover or a
 * resume never completes a chain, because its server was kept out from the start. The exception is
 * a chain that another program made: weight for a server of it is withheld.
 */
import type { IpAddress } from "../../../base/address.ts";
import { type ChainVip, type FatalChain, findFatalChains } from "../../../base/vpp/vip_chain.ts";
import type { ActualVip, DesiredVip, Operation, VipKey } from "../model.ts";
import { vipKeyText } from "../model.ts";

/** A VIP with the servers that it may have. */
interface Link {
  readonly vip: VipKey & { readonly encap: DesiredVip["encap"] | ActualVip["encap"] };
  readonly servers: Map<string, IpAddress>;
}

export class ChainGuard {
  /** By VIP: additions that were sent and are not answered yet. */
  readonly #sent = new Map<string, Link>();
  /** Addresses of VIPs and of servers; most operations concern none of them. */
  readonly #vips = new Set<string>();
  readonly #servers = new Set<string>();
  /** VIPs of more than one address; only another program makes these. */
  #wide: readonly ActualVip[] = [];

  /** VPP was read. */
  read(vips: readonly ActualVip[]): void {
    this.#vips.clear();
    this.#servers.clear();
    for (const { vip, servers } of [...vips.map(linkOf), ...this.#sent.values()]) {
      this.#vips.add(vip.address.text);
      for (const text of servers.keys()) this.#servers.add(text);
    }
    this.#wide = vips.filter(({ address, prefixLength }) =>
      prefixLength < (address.family === 4 ? 32 : 128)
    );
  }

  /**
   * The chain that `operation` would complete, given the VIPs that VPP is known to have. Undefined
   * when it completes no chain, as for all operations that only remove something.
   */
  completes(operation: Operation, known: () => readonly ActualVip[]): FatalChain | undefined {
    if (!this.#suspicious(operation)) return undefined;
    const links = this.#links(known());
    const key = vipKeyText(operation.vip);
    const link = links.get(key) ?? emptyLink(operation);
    links.set(key, link);
    if (operation.kind === "as-add" || operation.kind === "as-weight") {
      link.servers.set(operation.address.text, operation.address);
    }
    const chains = [...links.values()].map((each) => this.#chainVip(each));
    const found = findFatalChains(concerned(chains, link.vip.address.text));
    // A VIP with a port is always added: it drops packets from other VIPs, but harms nothing else.
    return found.find(({ kind }) => kind !== "port-vip" || operation.kind !== "vip-add");
  }

  /** `operation` is sent. */
  sent(operation: Operation): void {
    const key = vipKeyText(operation.vip);
    if (operation.kind === "vip-add") {
      this.#sent.set(key, emptyLink(operation));
      this.#vips.add(operation.vip.address.text);
    } else if (operation.kind === "as-add") {
      const { address, vip } = operation;
      const link = this.#sent.get(key) ?? emptyLink(operation);
      link.servers.set(address.text, address);
      this.#sent.set(key, link);
      this.#vips.add(vip.address.text);
      this.#servers.add(address.text);
    }
  }

  /** VPP answered `operation`, or never will. */
  settled(operation: Operation): void {
    const key = vipKeyText(operation.vip);
    if (operation.kind === "vip-add" || operation.kind === "vip-del") this.#sent.delete(key);
    if (operation.kind === "as-add" || operation.kind === "as-del") {
      const link = this.#sent.get(key);
      link?.servers.delete(operation.address.text);
      if (link?.servers.size === 0) this.#sent.delete(key);
    }
  }

  #suspicious(operation: Operation): boolean {
    const { kind, vip } = operation;
    if (kind === "vip-add") return vip.port === 0 && this.#servers.has(vip.address.text);
    if (kind !== "as-add" && (kind !== "as-weight" || operation.weight === 0)) return false;
    const { text } = operation.address;
    return text === vip.address.text || this.#vips.has(text) || this.#wide.length > 0;
  }

  #links(known: readonly ActualVip[]): Map<string, Link> {
    const links = new Map(known.map((vip) => [vipKeyText(vip), linkOf(vip)]));
    for (const [key, sent] of this.#sent) {
      const link = links.get(key);
      const servers = new Map([...link?.servers ?? [], ...sent.servers]);
      links.set(key, { vip: sent.vip, servers });
    }
    return links;
  }

  #chainVip({ vip, servers }: Link): ChainVip {
    return {
      name: vipKeyText(vip),
      address: vip.address,
      allPorts: vip.port === 0,
      encap: vip.encap === "gre6" ? "gre6" : "gre4",
      servers: [...servers.values()].map((server) => this.#covering(server) ?? server),
    };
  }

  /** Address of the VIP whose prefix, of more than one address, contains the server. */
  #covering(server: IpAddress): IpAddress | undefined {
    if (this.#vips.has(server.text)) return undefined;
    const inside = this.#wide.filter((vip) => contains(vip, server));
    return inside.sort((a, b) => b.prefixLength - a.prefixLength)[0]?.address;
  }
}

/** A chain in words: `192.0.2.1/32 255 0 -> 192.0.2.2/32 255 0`. */
export function chainText({ kind, path, bytes }: FatalChain): string {
  const text = path.join(" -> ");
  switch (kind) {
    case "ring":
      return `the servers of VIPs form a ring, which crashes VPP at its next packet: ${text}`;
    case "too-long":
      return `a chain of VIPs adds ${bytes} bytes to a packet, and VPP has room for 96: ${text}`;
    case "port-vip":
      return `a server is the address of a VIP with a port, which drops the packets: ${text}`;
  }
}

function linkOf(vip: ActualVip): Link {
  // A server that was deleted and flushed has no flows left.
  const servers = [...vip.servers, ...vip.removed.filter(({ flushed }) => !flushed)];
  return { vip, servers: new Map(servers.map(({ address }) => [address.text, address])) };
}

function emptyLink({ vip }: Operation): Link {
  const encap = "encap" in vip ? vip.encap : "gre4";
  return { vip: { ...vip, encap }, servers: new Map() };
}

/** The VIPs whose chains lead to a VIP at `address`, or start from one. */
function concerned(vips: readonly ChainVip[], address: string): readonly ChainVip[] {
  const at = new Map<string, ChainVip[]>();
  const leadingTo = new Map<string, Set<string>>();
  for (const vip of vips) {
    const { text } = vip.address;
    at.set(text, [...at.get(text) ?? [], vip]);
    for (const server of vip.servers) {
      const from = leadingTo.get(server.text);
      if (from === undefined) leadingTo.set(server.text, new Set([text]));
      else from.add(text);
    }
  }
  const onward = reach(
    address,
    (text) => (at.get(text) ?? []).flatMap((vip) => vip.servers.map((server) => server.text)),
  );
  const back = reach(address, (text) => leadingTo.get(text) ?? []);
  return vips.filter(({ address: { text } }) => onward.has(text) || back.has(text));
}

function reach(start: string, next: (text: string) => Iterable<string>): ReadonlySet<string> {
  const seen = new Set([start]);
  for (const text of seen) for (const found of next(text)) seen.add(found);
  return seen;
}

/** True when the prefix of `vip` contains `address`. */
function contains(vip: ActualVip, address: IpAddress): boolean {
  if (vip.address.family !== address.family) return false;
  for (let bit = 0; bit < vip.prefixLength; bit += 8) {
    const mask = 0xff << Math.max(0, 8 - (vip.prefixLength - bit));
    const at = bit >> 3;
    const differing = vip.address.packed.charCodeAt(at) ^ address.packed.charCodeAt(at);
    if ((differing & mask & 0xff) !== 0) return false;
  }
  return true;
}
