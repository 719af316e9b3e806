/** A small load balancer for the tests of this folder: two VIPs, three backends. */
import {
  type Backend,
  type BackendStateName,
  type Frontend,
  frontendVipKey,
  type LbVip,
  type MaglevdState,
  type PoolBackend,
} from "../../protocol.ts";

export const NOW_MS = 1_800_000_000_000;

export function backend(
  name: string,
  state: BackendStateName = "up",
  more: Partial<Backend> = {},
): Backend {
  return {
    name,
    address: `10.0.0.${name.at(-1)}`,
    state,
    healthcheck: "http",
    since_ms: NOW_MS - 3_600_000,
    counter: state === "up" ? 4 : 0,
    rise: 2,
    fall: 3,
    last_result: { ok: state === "up", code: state === "up" ? "L7OK" : "L4CON", duration_ms: 1 },
    carried: false,
    flaps: 0,
    ...more,
  };
}

export function entry(name: string, weight = 100, effective_weight = weight): PoolBackend {
  return { name, weight, effective_weight };
}

/** `web` on w1 and w2, with w3 to fall back to. */
export function web(more: Partial<Frontend> = {}): Frontend {
  return {
    name: "web",
    address: "192.0.2.1",
    protocol: "tcp",
    port: 80,
    src_ip_sticky: false,
    flush_on_down: false,
    state: "up",
    active_pool: "primary",
    pools: [
      { name: "primary", backends: [entry("w1"), entry("w2")] },
      { name: "standby", backends: [entry("w3", 100, 0)] },
    ],
    ...more,
  };
}

/** VPP's view of `web`; weights by address. */
export function vip(weights: Readonly<Record<string, number>>): LbVip {
  const [prefix, protocol, port] = frontendVipKey(web()).split(" ");
  return {
    prefix: prefix!,
    protocol: protocol!,
    port: Number(port),
    encap: "gre4",
    servers: Object.entries(weights).map(([address, weight]) => ({
      address,
      weight,
      in_use: true,
      buckets: weight * 5,
    })),
  };
}

export const WANTED = { "10.0.0.1": 100, "10.0.0.2": 100, "10.0.0.3": 0 };

export function maglevd(more: Partial<MaglevdState> = {}): MaglevdState {
  return {
    name: "lb1",
    address: "127.0.0.1:9090",
    connected: true,
    connection_since_ms: NOW_MS - 60_000,
    refreshed_ms: NOW_MS - 5000,
    frontends: [web()],
    backends: [backend("w1"), backend("w2"), backend("w3")],
    healthchecks: [],
    vpp: { state: "connected", weights: true },
    lb: { read_ms: NOW_MS - 1000, vips: [vip(WANTED)] },
    ...more,
  };
}
