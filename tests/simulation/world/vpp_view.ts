/** What a simulated VPP has, as judges see it. */
import { formatAddress46, formatPrefix46 } from "../../../src/sim/plugin/address46.ts";
import type { LbPlugin } from "../../../src/sim/plugin/plugin.ts";
import type { Vip } from "../../../src/sim/plugin/types.ts";

/** Servers by address with their weight, by VIP (vipKeyText). */
export type VppView = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** All that is fixed when VPP adds a VIP: encapsulation, table length, sticky or not. */
export type VppMakes = ReadonlyMap<string, string>;

/** Weight of a removed server. */
export const GONE = -1;

/** A VIP that VPP has. */
export interface HadVip {
  readonly key: string;
  readonly address: string;
  readonly isAllPorts: boolean;
  /** `gre4`, `gre6`, `nat4` and so on. */
  readonly encap: string;
  /** Weights of its servers by address; GONE for removed ones, whose flows VPP may keep. */
  readonly servers: ReadonlyMap<string, number>;
}

/** What a plugin has. */
export interface Seen {
  readonly plugin: LbPlugin | undefined;
  readonly changes: number;
  readonly vips: ReadonlyMap<string, Vip>;
  readonly view: VppView;
  readonly natAddresses: ReadonlySet<string>;
}

/** Looks at a plugin after so many changes. */
export function seen(plugin: LbPlugin | undefined, changes: number): Seen {
  const used = [...plugin?.vips() ?? []].filter(({ used }) => used);
  const vips = new Map(used.map((vip) => [keyOf(vip), vip]));
  const view = new Map([...vips].map(([key, vip]) => {
    const servers = [...plugin!.serversOf(vip)].filter(({ used }) => used);
    return [key, new Map(servers.map((one) => [formatAddress46(one.address), one.weight]))];
  }));
  const nat = used.filter(({ type }) => type.includes("nat"));
  const natAddresses = new Set(nat.map(({ prefix }) => formatAddress46(prefix)));
  return { plugin, changes, vips, view, natAddresses };
}

/** The VIPs in use, as links of chains. */
export function linksOf({ plugin, vips }: Seen): readonly HadVip[] {
  return [...vips].map(([key, vip]) => {
    const servers = [...plugin!.serversOf(vip)].map(({ address, used, weight }) =>
      [formatAddress46(address), used ? weight : GONE] as const
    );
    return {
      key,
      address: formatAddress46(vip.prefix),
      isAllPorts: vip.port === 0,
      encap: encapOf(vip),
      servers: new Map(servers),
    };
  });
}

/** Addresses that have a route: also those of servers that are deleted and not collected yet. */
export function routedIn(plugin: LbPlugin | undefined): ReadonlySet<string> {
  const vips = [...plugin?.vips() ?? []];
  return new Set([
    ...vips.filter(({ used }) => used).map(({ prefix }) => formatAddress46(prefix)),
    ...vips.flatMap((vip) =>
      [...plugin!.serversOf(vip)].map(({ address }) => formatAddress46(address))
    ),
  ]);
}

/** The makes of the VIPs in use. */
export function makesOf({ vips }: Seen): VppMakes {
  return new Map(
    [...vips].map((
      [key, vip],
    ) => [key, `${encapOf(vip)} ${vip.tableLength}${vip.srcIpSticky ? " sticky" : ""}`]),
  );
}

function encapOf({ type }: Vip): string {
  return type.slice(type.indexOf("-") + 1);
}

/** vipKeyText() of a VIP of the plugin. */
function keyOf({ prefix, length, protocol, port }: Vip): string {
  return `${formatPrefix46(prefix, length)} ${protocol} ${port}`;
}
