/**
 * The model of a chaos run with policies: a configuration, and what VPP may have while operators,
 * brakes and damping decide too. Written from the specification alone; it shares no code with the
 * product.
 */
import type { Below } from "./chaos_model.ts";

/** A pool. */
export interface PolicyPool {
  /** Server index → weight in the file. */
  readonly members: ReadonlyMap<number, number>;
  readonly maxDown: "1" | "50%" | undefined;
}

/** A frontend with its policies. */
export interface PolicyFrontend {
  readonly address: string;
  readonly port: number;
  /** In order of preference; a server is in one of them at most. */
  readonly pools: readonly PolicyPool[];
  readonly lastGood: boolean;
  readonly slowStart: boolean;
  /** `min-up`; undefined: no `announce`. */
  readonly minUp: number | undefined;
}

/** A configuration; frontends by name. */
export type PolicyModel = ReadonlyMap<string, PolicyFrontend>;

/** The state of a run besides the model. */
export interface PolicyTruth {
  /** Passes its checks. */
  readonly alive: (server: number) => boolean;
  /** An operator has paused, disabled or drained it. */
  readonly taken: (server: number) => boolean;
  /** The file's weight, or an operator's. */
  readonly weightOf: (frontend: string, server: number) => number;
}

/** Weights in VPP by server index. */
export type FoundWeights = ReadonlyMap<number, number>;

const WEIGHTS = [0, 1, 10, 50, 100, 100, 100];

/** A configuration of `count` frontends over servers 0 to `servers` - 1. */
export function randomPolicies(
  below: Below,
  { count, servers }: { readonly count: number; readonly servers: number },
): PolicyModel {
  const frontends = Array.from({ length: count }, (_, number) => {
    const order = Array.from({ length: servers }, (_, i) => i);
    for (let i = order.length - 1; i > 0; i--) {
      const j = below(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    const pools = Array.from({ length: 1 + below(2) }, () => ({
      members: new Map(
        order.splice(0, 2 + below(4)).map((server) => [server, WEIGHTS[below(WEIGHTS.length)]!]),
      ),
      maxDown: undefined,
    }));
    const frontend: PolicyFrontend = {
      address: `198.18.0.${1 + number}`,
      port: 1000 + number,
      pools,
      lastGood: false,
      slowStart: false,
      minUp: randomMinUp(below, pools),
    };
    return [`f${number}`, withOtherPolicies(frontend, below)] as const;
  });
  return new Map(frontends);
}

/** A number that the greatest pool can reach, because a file with another one is refused. */
function randomMinUp(below: Below, pools: readonly PolicyPool[]): number | undefined {
  const most = Math.max(
    ...pools.map(({ members }) => [...members.values()].filter((weight) => weight > 0).length),
  );
  return below(2) === 0 || most === 0 ? undefined : 1 + below(Math.min(2, most));
}

/** The configuration with other policies in one frontend. */
export function changedPolicies(model: PolicyModel, below: Below): PolicyModel {
  const name = [...model.keys()][below(model.size)]!;
  return new Map([...model, [name, withOtherPolicies(model.get(name)!, below)]]);
}

function withOtherPolicies(frontend: PolicyFrontend, below: Below): PolicyFrontend {
  return {
    ...frontend,
    pools: frontend.pools.map((pool) => ({
      ...pool,
      maxDown: [undefined, "1" as const, "50%" as const, "50%" as const][below(4)],
    })),
    lastGood: below(2) === 0,
    slowStart: below(3) === 0,
  };
}

/** An entry of a pool, as all rules see it. */
interface Entry {
  readonly server: number;
  readonly pool: number;
  /** The weight in force; 0 for one that an operator has taken out. */
  readonly weight: number;
  readonly alive: boolean;
  /** An operator has taken it out. */
  readonly taken: boolean;
}

function entriesOf(name: string, { pools }: PolicyFrontend, truth: PolicyTruth): readonly Entry[] {
  return pools.flatMap(({ members }, pool) =>
    [...members.keys()].map((server) => ({
      server,
      pool,
      weight: truth.taken(server) ? 0 : truth.weightOf(name, server),
      alive: truth.alive(server),
      taken: truth.taken(server),
    }))
  );
}

/** The first pool with a server that passes its checks and has a weight; -1: none has. */
function activeOf(entries: readonly Entry[]): number {
  const pools = entries.filter(({ weight, alive }) => weight > 0 && alive).map(({ pool }) => pool);
  return pools.length === 0 ? -1 : Math.min(...pools);
}

/** How many servers of a pool may be out, and how many of its counted ones fail. */
function brakeOf({ maxDown }: PolicyPool, own: readonly Entry[]) {
  const counted = own.filter(({ weight }) => weight > 0);
  const most = maxDown === undefined
    ? Infinity
    : maxDown === "1"
    ? 1
    : Math.max(1, Math.floor(counted.length / 2));
  return { most, down: counted.filter(({ alive }) => !alive) };
}

/**
 * Why VPP may not have these weights, in words; undefined: it may. In a frontend without a server
 * that passes, `served` requires that `last-good` keeps something: it had weight before the servers
 * failed.
 */
export function wrongVip(
  name: string,
  frontend: PolicyFrontend,
  { truth, found, served }: {
    readonly truth: PolicyTruth;
    readonly found: FoundWeights;
    readonly served: boolean;
  },
): string | undefined {
  const entries = entriesOf(name, frontend, truth);
  const has = ({ server }: Entry) => found.get(server);
  const absent = entries.find((entry) => has(entry) === undefined);
  if (absent !== undefined) return `s${absent.server} is absent`;
  if (found.size !== entries.length) return `it has ${found.size} servers`;
  const active = activeOf(entries);
  for (const entry of entries) {
    const { server, pool, weight, alive } = entry;
    const isIn = has(entry)! > 0;
    if (weight === 0 && isIn) return `s${server} has weight ${has(entry)} instead of 0`;
    if (active < 0) continue;
    if (pool !== active && isIn) return `s${server} has weight in pool ${pool}, not in ${active}`;
    if (pool === active && alive && has(entry) !== weight) {
      return `s${server} has weight ${has(entry)} instead of ${weight}`;
    }
  }
  if (active < 0 && frontend.lastGood) {
    const isKept = entries.some((entry) => has(entry)! > 0);
    const mayKeep = entries.some(({ weight }) => weight > 0);
    return served && mayKeep && !isKept ? "last-good keeps nothing" : undefined;
  }
  for (const [i, pool] of frontend.pools.entries()) {
    const own = entries.filter((entry) => entry.pool === i);
    const { most, down } = brakeOf(pool, own);
    const held = down.filter((entry) => has(entry)! > 0).length;
    // One that was out keeps its place when an operator takes it out as well.
    const places = own.filter(({ taken }) => taken).length;
    const mayBeHeld = Math.max(0, down.length - Math.max(0, most - places));
    if (held > mayBeHeld) {
      return `${held} servers of pool ${i} fail and have weight; ${mayBeHeld} may`;
    }
  }
  return undefined;
}

/**
 * The weights after the fall of `victim`, one server of the active pool: it goes out while fewer than
 * the brake allows are out, and else it keeps what it has. Undefined: no brake decides.
 */
export function afterFall(
  name: string,
  frontend: PolicyFrontend,
  { truth, before, victim }: {
    /** After the fall. */
    readonly truth: PolicyTruth;
    readonly before: FoundWeights;
    readonly victim: number;
  },
): FoundWeights | undefined {
  const entries = entriesOf(name, frontend, truth);
  const active = activeOf(entries);
  const pool = frontend.pools[active];
  const fallen = entries.find(({ server }) => server === victim);
  if (pool?.maxDown === undefined || fallen?.pool !== active || fallen.weight === 0) {
    return undefined;
  }
  const own = entries.filter((entry) => entry.pool === active);
  // Such a one may have a place.
  if (own.some(({ taken }) => taken)) return undefined;
  const { most, down } = brakeOf(pool, own);
  const out = down.filter(({ server }) => server !== victim && before.get(server) === 0).length;
  return out < most ? new Map([...before, [victim, 0]]) : before;
}

/**
 * How many servers that fail keep their weight after `riser` of the active pool came up: of those
 * that are held, one goes out in its place. Undefined: no brake decides.
 */
export function heldAfterRise(
  name: string,
  frontend: PolicyFrontend,
  { truth, before, riser }: {
    /** After the rise. */
    readonly truth: PolicyTruth;
    readonly before: FoundWeights;
    readonly riser: number;
  },
): { readonly pool: number; readonly held: number } | undefined {
  const entries = entriesOf(name, frontend, truth);
  const active = activeOf(entries);
  const pool = frontend.pools[active];
  const risen = entries.find(({ server }) => server === riser);
  const own = entries.filter((entry) => entry.pool === active);
  if (own.some(({ taken }) => taken)) return undefined;
  const wasAlive = own.some(({ server, weight, alive }) => server !== riser && weight > 0 && alive);
  if (pool?.maxDown === undefined || risen?.pool !== active || risen.weight === 0 || !wasAlive) {
    return undefined;
  }
  const { most, down } = brakeOf(pool, own);
  const held = down.filter(({ server }) => before.get(server)! > 0).length;
  const out = down.length - held;
  return { pool: active, held: held - Math.min(held, Math.max(0, most - out)) };
}

/** How many servers of a pool fail and have weight in VPP. */
export function heldIn(
  name: string,
  frontend: PolicyFrontend,
  { truth, found, pool }: {
    readonly truth: PolicyTruth;
    readonly found: FoundWeights;
    readonly pool: number;
  },
): number {
  return entriesOf(name, frontend, truth).filter((entry) =>
    entry.pool === pool && entry.weight > 0 && !entry.alive && found.get(entry.server)! > 0
  ).length;
}

/** Prefixes to announce, sorted: of frontends with enough servers that have weight. */
export function announcedOf(
  model: PolicyModel,
  weightsOf: (name: string) => FoundWeights,
): readonly string[] {
  return [...model].filter(([name, { minUp = Infinity }]) =>
    [...weightsOf(name).values()].filter((weight) => weight > 0).length >= minUp
  ).map(([, { address }]) => `${address}/32`).sort();
}

/** The configuration file. */
export function policyYaml(model: PolicyModel, options: {
  readonly addresses: readonly string[];
  /** Of isolation. */
  readonly targets: readonly string[];
  readonly healthPort: number;
  /** Where the prefixes are written. */
  readonly announceFile: string;
}): string {
  const { addresses, targets, healthPort, announceFile } = options;
  const check = [
    "      type: http",
    `      port: ${healthPort}`,
    "      interval: 300ms",
    "      fast-interval: 60ms",
    "      down-interval: 200ms",
    "      timeout: 250ms",
    "      params: { path: /healthz }",
  ];
  const lines = [
    "maglev:",
    `  announce: { file: ${announceFile}, format: json }`,
    "  healthchecker:",
    "    isolation:",
    "      quorum: 1",
    "      max-hold: 4s",
    "      targets:",
    ...targets.map((address) =>
      `        - { address: ${address}, type: tcp, port: ${healthPort} }`
    ),
    "  vpp:",
    "    lb:",
    "      ipv4-src-address: 192.0.2.254",
    "      ipv6-src-address: 2001:db8::254",
    "      startup-min-delay: 300ms",
    "      startup-max-delay: 3s",
    "      sync-interval: 3s",
    "      counters-interval: 1s",
    "      flow-timeout: 2s",
    "      new-flows-table-length: 1024",
    "  healthchecks:",
    "    plain:",
    ...check,
    "    damped:",
    ...check,
    "      damping: { half-life: 2s, suppress: 3, reuse: 1, max-hold: 4s }",
    "  backends:",
    ...addresses.map((address, i) =>
      `    s${i}: { address: ${address}, healthcheck: ${i % 2 === 0 ? "plain" : "damped"} }`
    ),
    "  frontends:",
  ];
  for (const [name, frontend] of model) {
    const { address, port, pools, lastGood, slowStart, minUp } = frontend;
    lines.push(`    ${name}:`, `      address: ${address}`, "      protocol: tcp");
    lines.push(`      port: ${port}`);
    if (lastGood) lines.push("      on-all-down: last-good");
    if (slowStart) lines.push("      slow-start: { duration: 1s, steps: 3 }");
    if (minUp !== undefined) lines.push(`      announce: { min-up: ${minUp}, hysteresis: 1s }`);
    lines.push("      pools:");
    pools.forEach(({ members, maxDown }, i) => {
      lines.push(`        - name: p${i}`);
      if (maxDown !== undefined) lines.push(`          max-down: ${maxDown}`);
      lines.push("          backends:");
      for (const [server, weight] of members) {
        lines.push(`            s${server}: { weight: ${weight} }`);
      }
    });
  }
  return lines.join("\n") + "\n";
}
