/**
 * Frontends of all ports whose servers are other frontends: chains, of which VPP carries only
 * short ones that end. Each file is valid. But those of the old file and of the new one together,
 * while one takes the place of the other, often make a ring. PURE.
 */
import { findFatalChains } from "../../../src/base/vpp/vip_chain.ts";
import type { BackendConfig, Config, FrontendConfig } from "../../../src/config/model.ts";
import { ip } from "./addresses.ts";
import { Dice } from "./dice.ts";

const LINKS = [0, 1, 2];

/** A fifth of the seeds have chains. Their own dice leave the others as they are. */
export function chainDice(seed: number): Dice | undefined {
  const dice = new Dice(seed ^ 0xc4a1);
  return dice.oneIn(5) ? dice : undefined;
}

/** The size of a stats segment without room for all VIPs and servers; undefined: VPP's default. */
export function smallSegment(dice: Dice): number | undefined {
  return dice.oneIn(3) ? (1 << 20) + dice.integer(1200, 4000) : undefined;
}

export function hasChains({ frontends }: Config): boolean {
  return frontends.has(linkName(0));
}

/** The configuration with other chains; without ones that a file may not have. */
export function withChains(config: Config, dice: Dice): Config {
  const first = [...config.backends.values()].find(({ name }) =>
    !LINKS.some((n) => name === viaName(n))
  );
  const { family } = first!.address;
  const addressOf = (n: number) =>
    ip(family === 4 ? `198.51.100.${100 + n}` : `2001:db8:c::${n + 1}`);
  const backends = new Map(config.backends);
  const frontends = new Map(config.frontends);
  const flushOnDown = dice.oneIn(2);
  for (const n of LINKS) {
    const via: BackendConfig = {
      name: viaName(n),
      address: addressOf(n),
      healthcheck: undefined,
      enabled: true,
    };
    backends.set(via.name, via);
    const next = LINKS.filter((other) => other !== n && dice.oneIn(3)).map(viaName);
    const frontend: FrontendConfig = {
      name: linkName(n),
      description: "",
      address: addressOf(n),
      protocol: "any",
      port: 0,
      pools: [{
        name: "pool0",
        backends: [first!.name, ...next].map((name) => ({ name, weight: 100 })),
      }],
      srcIpSticky: false,
      flushOnDown,
    };
    frontends.set(frontend.name, frontend);
  }
  const next = { ...config, backends, frontends };
  return isValid(next) ? next : config;
}

/** True unless a file may not have these chains. */
export function isValid({ frontends, backends }: Config): boolean {
  const links = [...frontends.values()];
  if (links.some(({ protocol, port }) => (protocol === "any") !== (port === 0))) return false;
  const vips = links.map(({ name, address, port, pools }) => {
    const servers = pools.flatMap((pool) => pool.backends)
      .map((entry) => backends.get(entry.name)!.address);
    const encap = servers[0]!.family === 4 ? "gre4" as const : "gre6" as const;
    return { name, address, allPorts: port === 0, encap, servers };
  });
  return findFatalChains(vips).length === 0;
}

function linkName(n: number): string {
  return `link${n}`;
}

function viaName(n: number): string {
  return `via${n}`;
}
