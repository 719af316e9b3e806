/**
 * VIPs whose servers are VIPs. VPP sends a server's packet through its own routes, so a server with
 * the address of a VIP is balanced again: encapsulated once more, in the same buffer. An all-ports
 * VIP passes it on to its own servers; a VIP with a port drops it, because GRE has no ports.
 *
 * A chain is legal while it ends in real servers within the room that VPP leaves before a packet.
 * Beyond it VPP overwrites the buffer's metadata and crashes; a ring does that with one packet.
 */
import type { IpAddress } from "../address.ts";

/**
 * Bytes that encapsulations may add to one packet. VPP reserves 128 before a packet; the rest
 * belongs to the link layer and is not checked by VPP either.
 */
export const MAX_CHAIN_BYTES = 96;

/** Names in the path of a chain that is too long; each hop after the fourth is too much anyway. */
export const MAX_CHAIN_PATH = 32;

/** Outer header and GRE header. */
const HOP_BYTES = { gre4: 20 + 4, gre6: 40 + 4 } as const;

/** A VIP as far as chains are concerned. */
export interface ChainVip {
  readonly name: string;
  readonly address: IpAddress;
  readonly allPorts: boolean;
  readonly encap: "gre4" | "gre6";
  readonly servers: readonly IpAddress[];
}

/** A chain that VPP cannot carry. */
export interface FatalChain {
  /**
   * - `ring`: the chain comes back to its first VIP, and ends VPP with the first packet
   * - `too-long`: encapsulations need more than MAX_CHAIN_BYTES
   * - `port-vip`: the last VIP has a port, and drops all that the one before it sends
   */
  readonly kind: "ring" | "too-long" | "port-vip";
  /** Names of the VIPs in the order of the packet; a ring has its first name again at the end. */
  readonly path: readonly string[];
  /** Bytes that encapsulations add along the chain; in a ring, with each round. */
  readonly bytes: number;
}

/**
 * The chains of `vips` that VPP cannot carry, in the order of their first VIP in `vips`. Several
 * VIPs may have one address (the union of an old and a new configuration): they count as one that
 * has all their servers.
 *
 * Rings are disjoint, and without their VIPs no ring is left. Chains that are too long are searched
 * among the other VIPs. Takes time in proportion to VIPs and servers.
 */
export function findFatalChains(vips: readonly ChainVip[]): readonly FatalChain[] {
  if (!anyIsServer(vips)) return [];
  const graph = buildGraph(vips);
  const rings = findRings(graph);
  const found = [...portVips(vips), ...rings, ...tooLong(graph)];
  return found.toSorted((a, b) => a.first - b.first).map(({ chain }) => chain);
}

/** True when a server of a VIP is a VIP: as good as never, so that nothing else is made. */
function anyIsServer(vips: readonly ChainVip[]): boolean {
  const own = new Set<string>();
  for (const { address } of vips) own.add(address.text);
  for (const { servers } of vips) {
    for (const { text } of servers) if (own.has(text)) return true;
  }
  return false;
}

/** With the index of its first VIP, by which chains are sorted. */
interface Found {
  readonly first: number;
  readonly chain: FatalChain;
}

/** From one node to the next, because of a server of the VIP `name`. */
interface Edge {
  readonly to: Node;
  readonly name: string;
  readonly bytes: number;
}

/** All-ports VIPs of one address, or a single VIP with a port, which nothing leads to. */
interface Node {
  /** Index of its first VIP. */
  readonly first: number;
  readonly name: string;
  /** The greatest encapsulation of its VIPs. */
  bytes: number;
  readonly edges: Edge[];
  /** Edges that have been followed. */
  followed: number;
  state: "new" | "on-path" | "done" | "in-ring";
  /** Bytes of the longest chain that begins here, and its first edge; set when done. */
  longest: number;
  next: Edge | undefined;
}

function buildGraph(vips: readonly ChainVip[]): readonly Node[] {
  const nodes: Node[] = [];
  const byAddress = new Map<string, Node>();
  const nodeOf = vips.map((vip, index) => {
    const known = vip.allPorts ? byAddress.get(vip.address.text) : undefined;
    if (known !== undefined) {
      known.bytes = Math.max(known.bytes, HOP_BYTES[vip.encap]);
      return known;
    }
    const node: Node = {
      first: index,
      name: vip.name,
      bytes: HOP_BYTES[vip.encap],
      edges: [],
      followed: 0,
      state: "new",
      longest: 0,
      next: undefined,
    };
    nodes.push(node);
    if (vip.allPorts) byAddress.set(vip.address.text, node);
    return node;
  });
  for (const [index, { name, encap, servers }] of vips.entries()) {
    for (const text of new Set(servers.map((server) => server.text))) {
      const to = byAddress.get(text);
      if (to !== undefined) nodeOf[index]!.edges.push({ to, name, bytes: HOP_BYTES[encap] });
    }
  }
  return nodes;
}

/** Servers that are the address of a VIP with a port. */
function portVips(vips: readonly ChainVip[]): readonly Found[] {
  const names = new Map<string, string>();
  for (const { address, allPorts, name } of vips) {
    if (!allPorts && !names.has(address.text)) names.set(address.text, name);
  }
  return vips.flatMap(({ name, encap, servers }, first) =>
    [...new Set(servers.map((server) => names.get(server.text)))]
      .filter((target) => target !== undefined)
      .map((target): Found => ({
        first,
        chain: { kind: "port-vip", path: [name, target], bytes: HOP_BYTES[encap] },
      }))
  );
}

/**
 * Walks depth first, and cuts each ring out of the graph when it meets the path it came along. A
 * node that is done leads only to nodes that are done or cut out, so that every edge is followed
 * once. The path is a list rather than the call stack: ten thousand VIPs may stand in one chain.
 */
function findRings(nodes: readonly Node[]): readonly Found[] {
  const rings: Found[] = [];
  for (const start of nodes) {
    if (start.state !== "new") continue;
    const path: Node[] = [start];
    start.state = "on-path";
    for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
      const edge = node.edges[node.followed];
      if (edge === undefined) {
        finish(node);
        path.pop();
        continue;
      }
      node.followed++;
      if (edge.to.state === "new") {
        edge.to.state = "on-path";
        path.push(edge.to);
      } else if (edge.to.state === "on-path") {
        rings.push(cutRing(path.splice(path.lastIndexOf(edge.to))));
      }
    }
  }
  return rings;
}

/** Takes the nodes of a ring out; each has just been left by the edge it followed last. */
function cutRing(ring: readonly Node[]): Found {
  const edges = ring.map((node) => node.edges[node.followed - 1]!);
  for (const node of ring) node.state = "in-ring";
  // The ring begins with its first VIP, wherever the walk came in.
  const start = ring.reduce((best, node, at) => node.first < ring[best]!.first ? at : best, 0);
  const ordered = [...edges.slice(start), ...edges.slice(0, start)];
  const path = [...ordered, ordered[0]!].map((edge) => edge.name);
  const bytes = edges.reduce((sum, edge) => sum + edge.bytes, 0);
  return { first: ring[start]!.first, chain: { kind: "ring", path, bytes } };
}

/** Works out the longest chain of a node whose servers are all done. */
function finish(node: Node): void {
  node.state = "done";
  node.longest = node.bytes;
  for (const edge of node.edges) {
    if (edge.to.state !== "done" || edge.bytes + edge.to.longest <= node.longest) continue;
    node.longest = edge.bytes + edge.to.longest;
    node.next = edge;
  }
}

/** Chains that are too long, each VIP that begins one in at least one of them. */
function tooLong(nodes: readonly Node[]): readonly Found[] {
  const long = nodes.filter((node) => node.state === "done" && node.longest > MAX_CHAIN_BYTES)
    // A VIP that leads to another begins a longer chain, and so comes before it.
    .toSorted((a, b) => b.longest - a.longest || a.first - b.first);
  const named = new Set<Node>();
  return long.flatMap((start) => {
    if (named.has(start)) return [];
    const path: string[] = [];
    let node = start;
    while (path.length < MAX_CHAIN_PATH) {
      named.add(node);
      path.push(node.next?.name ?? node.name);
      if (node.next === undefined) break;
      node = node.next.to;
    }
    return [{ first: start.first, chain: { kind: "too-long", path, bytes: start.longest } }];
  });
}
