/**
 * Tunnels from VPP to servers: their faults, and the checks of them (`encap` of a pool). A server
 * with such a fault still answers on its own address. PURE.
 */
import type { Config, FrontendConfig } from "../../../src/config/model.ts";
import { Dice } from "./dice.ts";

/** What a server does with packets of VPP. */
export interface Tunnel {
  readonly decapsulates: boolean;
  /** The VIP that the server lacks: the last number of its address. 0: it has all. */
  readonly lacks: number;
}

export const SOUND_TUNNEL: Tunnel = { decapsulates: true, lacks: 0 };

/** VIPs have these last numbers. */
const VIP_NUMBERS = [1, 2, 3];

/** A third of the seeds checks tunnels. Their own dice leave the others as they are. */
export function encapDice(seed: number): Dice | undefined {
  const dice = new Dice(seed ^ 0x6e7e1);
  return dice.oneIn(3) ? dice : undefined;
}

/** The configuration with `encap` in most of the pools that may have it. */
export function withEncap(config: Config, dice: Dice): Config {
  const frontends = [...config.frontends].map(([name, frontend]) => {
    const pools = frontend.pools.map((pool) => {
      const { encap: _, ...rest } = pool;
      const mode = dice.pick(["on", "on", "warn", "off"] as const);
      const hasNone = mode === "off" || !mayCheck(frontend, pool, config);
      return hasNone ? rest : { ...rest, encap: { mode } };
    });
    return [name, { ...frontend, pools }] as const;
  });
  return { ...config, frontends: new Map(frontends) };
}

export function hasEncap({ frontends }: Config): boolean {
  return [...frontends.values()].some(({ pools }) =>
    pools.some(({ encap }) => encap !== undefined)
  );
}

/** A file may have a check by TCP for VIPs of one port, and none for static servers. */
function mayCheck(
  { port }: FrontendConfig,
  { backends }: FrontendConfig["pools"][number],
  config: Config,
): boolean {
  return port !== 0 &&
    backends.every(({ name }) => config.backends.get(name)!.healthcheck !== undefined);
}

/** The state of a tunnel: often sound, or a fault of one half, or both. */
export function randomTunnel(dice: Dice): Tunnel {
  return {
    decapsulates: !dice.oneIn(4),
    lacks: dice.oneIn(3) ? dice.pick(VIP_NUMBERS) : 0,
  };
}

/** True when an inner packet to `vip` reaches the server's service. */
export function passes({ decapsulates, lacks }: Tunnel, vip: string): boolean {
  return decapsulates && Number(/\d+$/.exec(vip)![0]) !== lacks;
}
