/**
 * The model of a chaos run: a configuration, the living servers, and the expected state of VPP.
 * Written from the specification alone; it shares no code with the product.
 */

/** A whole number from 0 to below its argument. */
export type Below = (limit: number) => number;

/** One frontend. */
export interface ModelFrontend {
  readonly address: string;
  readonly protocol: "tcp" | "udp";
  readonly port: number;
  readonly sticky: boolean;
  /** Pools in order of preference: server index → weight. */
  readonly pools: readonly ReadonlyMap<number, number>[];
}

/** One configuration. */
export interface Model {
  readonly length: number;
  /** By name. */
  readonly frontends: ReadonlyMap<string, ModelFrontend>;
}

/** The expected servers of one VIP: `127.0.44.1=100` in the order of the text. */
export type Expected = Readonly<Record<string, string>>;

const WEIGHTS = [0, 1, 10, 50, 100, 100, 100];
const LENGTHS = [256, 1024];

/** A configuration of `count` frontends over servers 0 to `servers` - 1. */
export function randomModel(below: Below, size: { count: number; servers: number }): Model {
  const frontends = new Map<string, ModelFrontend>();
  for (let i = 0; i < size.count; i++) {
    frontends.set(`f${i}`, randomFrontend(i, below, size.servers));
  }
  return { length: 1024, frontends };
}

/** `model` with one thing changed: a frontend comes, goes or changes, or all have another table. */
export function changedModel(model: Model, below: Below, servers: number): Model {
  const frontends = new Map(model.frontends);
  const names = [...frontends.keys()];
  const name = names[below(names.length)]!;
  const number = Number(name.slice(1));
  switch (below(12)) {
    case 0:
      return { ...model, length: LENGTHS[below(LENGTHS.length)]! };
    case 1:
    case 2:
      if (names.length > 2) frontends.delete(name);
      break;
    case 3:
    case 4: {
      const next = Math.max(...names.map((one) => Number(one.slice(1)))) + 1;
      frontends.set(`f${next}`, randomFrontend(next, below, servers));
      break;
    }
    case 5: {
      const frontend = frontends.get(name)!;
      frontends.set(name, { ...frontend, sticky: !frontend.sticky });
      break;
    }
    default:
      frontends.set(name, randomFrontend(number, below, servers));
  }
  return { ...model, frontends };
}

/** Two frontends share each address, with ports of their own. */
function randomFrontend(number: number, below: Below, servers: number): ModelFrontend {
  const order = Array.from({ length: servers }, (_, i) => i);
  for (let i = order.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  const pools: Map<number, number>[] = [];
  for (let i = 0; i < 1 + below(3); i++) {
    const members = order.splice(0, 1 + below(4));
    if (members.length === 0) break;
    pools.push(new Map(members.map((server) => [server, WEIGHTS[below(WEIGHTS.length)]!])));
  }
  const host = number >> 1;
  return {
    address: host % 5 === 4 ? `2001:db8::${host + 1}` : `198.18.${host >> 7}.${1 + (host & 127)}`,
    protocol: below(4) === 0 ? "udp" : "tcp",
    port: 1000 + number,
    sticky: below(4) === 0,
    pools,
  };
}

/** The state of a run besides the model. */
export interface Truth {
  /** Of the servers, by index. */
  readonly addresses: readonly string[];
  readonly alive: (server: number) => boolean;
  /** False for a VPP that has a server or has not. */
  readonly weights: boolean;
}

/** The expected state of VPP. */
export function expectedOf(model: Model, truth: Truth): Expected {
  const expected: Record<string, string> = {};
  for (const frontend of model.frontends.values()) {
    const { address, protocol, port, sticky } = frontend;
    const six = address.includes(":");
    const key = `${address}/${six ? 128 : 32} ${protocol === "tcp" ? 6 : 17} ${port}`;
    const shape = `${six ? "ip6" : "ip4"}-gre4${sticky ? " sticky" : ""} ${model.length}`;
    expected[key] = `${shape}: ${serversOf(frontend, truth).join(" ")}`;
  }
  return expected;
}

function serversOf({ pools }: ModelFrontend, { addresses, alive, weights }: Truth): string[] {
  const ups = pools.map((pool) => [...pool].filter(([server]) => alive(server)));
  const weighted = ups.findIndex((up) => up.some(([, weight]) => weight > 0));
  const active = weighted >= 0 ? weighted : ups.findIndex((up) => up.length > 0);
  const servers = pools.flatMap((pool, i) =>
    [...pool].map(([server, weight]) => ({
      address: addresses[server]!,
      weight: i === active && alive(server) ? weight : 0,
    }))
  );
  return servers.filter(({ weight }) => weights || weight > 0)
    .map(({ address, weight }) => `${address}=${weights ? weight : "in"}`).sort();
}

/** The configuration file. */
export function yamlOf(model: Model, addresses: readonly string[], healthPort: number): string {
  const lines = [
    "maglev:",
    "  vpp:",
    "    lb:",
    "      ipv4-src-address: 192.0.2.254",
    "      ipv6-src-address: 2001:db8::254",
    "      startup-min-delay: 300ms",
    "      startup-max-delay: 3s",
    "      sync-interval: 3s",
    "      counters-interval: 1s",
    `      new-flows-table-length: ${model.length}`,
    "  healthchecks:",
    "    web:",
    "      type: http",
    `      port: ${healthPort}`,
    "      interval: 300ms",
    "      fast-interval: 60ms",
    "      down-interval: 200ms",
    "      timeout: 250ms",
    "      params: { path: /healthz }",
    "  backends:",
    ...addresses.map((address, i) => `    s${i}: { address: ${address}, healthcheck: web }`),
    "  frontends:",
  ];
  for (const [name, { address, protocol, port, sticky, pools }] of model.frontends) {
    lines.push(`    ${name}:`, `      address: ${address}`, `      protocol: ${protocol}`);
    lines.push(`      port: ${port}`, `      src-ip-sticky: ${sticky}`, "      pools:");
    pools.forEach((pool, i) => {
      lines.push(`        - name: p${i}`, "          backends:");
      for (const [server, weight] of pool) {
        lines.push(`            s${server}: { weight: ${weight} }`);
      }
    });
  }
  return lines.join("\n") + "\n";
}
