/**
 * Checks servers that are VIPs themselves. VPP balances their packets again, which fails in a ring,
 * in a long chain, and to a VIP with a port; see src/base/vpp/vip_chain.ts.
 */
import { quote } from "../../base/text.ts";
import {
  type ChainVip,
  type FatalChain,
  findFatalChains,
  MAX_CHAIN_BYTES,
} from "../../base/vpp/vip_chain.ts";
import type { Vip } from "./vips.ts";
import type { IssueList } from "../issue.ts";

/** Longest chain that is shown in full; of a longer one the start and the end are shown. */
const MAX_SHOWN = 10;

/** Reports each chain at the server that leads from its first VIP to the second. */
export function checkChains(vips: readonly Vip[], issues: IssueList): void {
  const byName = new Map(vips.map((vip) => [vip.name, vip]));
  for (const chain of findFatalChains(vips.map(chainVip))) {
    const from = byName.get(chain.path[0] ?? "");
    const to = byName.get(chain.path[1] ?? "");
    const member = from?.members.find(({ address }) => address.text === to?.address.text);
    if (from === undefined || to === undefined || member === undefined) continue;
    const own = from === to ? "this frontend itself" : `frontend ${quote(to.name)} ${lineOf(to)}`;
    const message = `${quote(member.name)} (${to.address.text}) is the address of ${own}` +
      `${consequence(chain, to)}; use the address of a server`;
    issues.add(RULES[chain.kind], member.place, message);
  }
}

const RULES = { "ring": "vip-ring", "too-long": "vip-chain", "port-vip": "vip-as-server" } as const;

function chainVip({ name, address, service, members }: Vip): ChainVip {
  const encap = members[0]?.address.family === 6 ? "gre6" : "gre4";
  const servers = members.map((member) => member.address);
  return { name, address, allPorts: service === "", encap, servers };
}

function consequence({ kind, path, bytes }: FatalChain, to: Vip): string {
  switch (kind) {
    case "ring":
      return path.length === 2
        ? ": the first packet ends VPP"
        : `, whose servers lead back here (${pathText(path)}): the first packet ends VPP`;
    case "too-long":
      return `: the chain ${pathText(path)} adds ${bytes} bytes to a packet, and VPP has room ` +
        `for ${MAX_CHAIN_BYTES}`;
    case "port-vip":
      return `, which takes ${to.service}: VPP drops the GRE packets that it sends there`;
  }
}

function pathText(path: readonly string[]): string {
  const names = path.map((name) => quote(name));
  const hidden = names.length - MAX_SHOWN;
  if (hidden > 0) names.splice(MAX_SHOWN - 1, hidden, `(${hidden} more)`);
  return names.join(" → ");
}

function lineOf({ place }: Vip): string {
  return `(line ${place.mark.line})`;
}
