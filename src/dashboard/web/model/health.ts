/**
 * PURE. The health of a frontend as three questions of their own: does a server answer (state),
 * do the servers serve that should (degraded, fallback), and does VPP have what it was given
 * (disagrees).
 */
import {
  type Backend,
  type BackendStateName,
  type Frontend,
  frontendVipKey,
  type LbVip,
  type MaglevdStatus,
  type PoolBackend,
  type VppStatus,
} from "../../protocol.ts";

/** Worst first. */
export const HEALTHS = ["down", "disagrees", "fallback", "degraded", "unknown", "well"] as const;
export type Health = (typeof HEALTHS)[number];

/** The words for people. */
export const HEALTH_WORDS: Readonly<Record<Health, string>> = {
  down: "down",
  disagrees: "dataplane disagrees",
  fallback: "served by fallback",
  degraded: "degraded",
  unknown: "unknown",
  well: "well",
};

/** A server of a VIP whose state in VPP is not the wanted one. */
export interface Difference {
  /** Empty: of the whole VIP. */
  readonly address: string;
  readonly wanted: string;
  readonly actual: string;
}

/** `10.0.0.1: wanted weight 100, VPP: weight 7`. */
export function differenceWords({ address, wanted, actual }: Difference): string {
  return `${address === "" ? "" : `${address}: `}wanted ${wanted}, VPP: ${actual}`;
}

export interface Summary {
  readonly health: Health;
  /** Backends that are up, of all that the serving pool has; without one, of the first pool. */
  readonly up: number;
  readonly total: number;
  /** Backends that are neither up nor held by an operator, worst first, each once. */
  readonly failing: readonly {
    readonly name: string;
    readonly state: BackendStateName;
    /** The state, with the policy that keeps its weight. */
    readonly word: string;
  }[];
  /** Backends that an operator holds back, or whose weight an operator has set, each once. */
  readonly held: readonly { readonly name: string; readonly word: string }[];
  readonly differences: readonly Difference[];
}

export interface SummaryContext {
  readonly backend: (name: string) => Backend | undefined;
  readonly vip: (key: string) => LbVip | undefined;
  /** When VPP's state was read, by the dashboard's clock; undefined: never. */
  readonly lbReadMs: number | undefined;
  /** When the frontend or one of its backends changed last, by the dashboard's clock. */
  readonly changedMs: number;
  readonly vpp: VppStatus;
  readonly status: Pick<MaglevdStatus, "warmup">;
}

/**
 * VPP's state may be read while maglevd is still writing the change; only a reading that is this
 * much newer than the change counts.
 */
export const SETTLE_MS = 500;

const STATE_ORDER: readonly BackendStateName[] = ["down", "unknown", "removed"];

/** Judges a frontend. */
export function summarize(frontend: Frontend, context: SummaryContext): Summary {
  const failing = new Map<string, { readonly state: BackendStateName; readonly word: string }>();
  const held = new Map<string, string>();
  for (const pool of frontend.pools) {
    for (const { name, intent, held: isKept } of pool.backends) {
      const found = context.backend(name);
      const state = found?.state ?? "unknown";
      if (state === "paused" || state === "disabled") held.set(name, state);
      else {
        if (found?.intent?.kind === "drain") held.set(name, "draining");
        else if (intent !== undefined && !held.has(name)) held.set(name, "weight set");
        if (state !== "up") {
          const isDamped = found?.damped_until_ms !== undefined;
          failing.set(name, { state, word: heldWord(state, { held: isKept, damped: isDamped }) });
        }
      }
    }
  }
  const serving = servingPool(frontend)?.backends ?? [];
  const differences = differencesOf(frontend, context);
  return {
    health: healthOf(frontend, {
      differs: differences.length > 0,
      degraded: failing.size > 0 || frontend.announced === "withdrawn",
    }),
    up: serving.filter(({ name }) => context.backend(name)?.state === "up").length,
    total: serving.length,
    failing: [...failing]
      .map(([name, words]) => ({ name, ...words }))
      .sort((a, b) => STATE_ORDER.indexOf(a.state) - STATE_ORDER.indexOf(b.state)),
    held: [...held].map(([name, word]) => ({ name, word })),
    differences,
  };
}

/**
 * `down (held)` when a policy keeps the weight, as maglevc shows it, and `down (damped)` when
 * damping keeps it down.
 */
export function heldWord(
  state: string,
  { held = false, damped = false }: {
    readonly held?: boolean | undefined;
    readonly damped?: boolean | undefined;
  },
): string {
  const words = [...(held ? ["held"] : []), ...(damped ? ["damped"] : [])];
  return words.length === 0 ? state : `${state} (${words.join(", ")})`;
}

/** `slow start, 30 % of 100`, of a server that rises to its weight. */
export function risingWords({ weight, effective_weight }: PoolBackend): string {
  return `slow start, ${Math.round((100 * effective_weight) / weight)} % of ${weight}`;
}

function healthOf(
  frontend: Frontend,
  { differs, degraded }: { differs: boolean; degraded: boolean },
): Health {
  if (frontend.state === "down") return "down";
  if (differs) return "disagrees";
  if (frontend.state === "unknown") return "unknown";
  if (isFallback(frontend)) return "fallback";
  return degraded ? "degraded" : "well";
}

/** True when another pool than the first serves. */
function isFallback(frontend: Frontend): boolean {
  const first = frontend.pools[0];
  return frontend.state === "up" && first !== undefined && frontend.active_pool !== "" &&
    frontend.active_pool !== first.name;
}

/** The active pool; the first one when no pool serves. */
function servingPool({ pools, active_pool }: Frontend): Frontend["pools"][number] | undefined {
  return pools.find(({ name }) => name === active_pool) ?? pools[0];
}

/**
 * Where VPP differs from the wanted weights. Empty while that cannot be judged: VPP is not connected, its
 * state was not read since the change, or maglevd does not write yet (warm-up).
 */
function differencesOf(frontend: Frontend, context: SummaryContext): readonly Difference[] {
  const { lbReadMs, changedMs, vpp, status, vip, backend } = context;
  if (vpp.state !== "connected" || lbReadMs === undefined) return [];
  if (lbReadMs < changedMs + SETTLE_MS) return [];
  if (status.warmup === "waiting" || status.warmup === "releasing") return [];
  const actual = vip(frontendVipKey(frontend));
  if (actual === undefined) return [{ address: "", wanted: "a VIP", actual: "no such VIP" }];
  const wanted = new Map<string, number>();
  for (const pool of frontend.pools) {
    for (const entry of pool.backends) {
      const found = backend(entry.name);
      // A blind prober keeps the weight that VPP has.
      if (found === undefined || found.blind !== undefined) return [];
      wanted.set(
        found.address,
        Math.max(wanted.get(found.address) ?? 0, entry.effective_weight),
      );
    }
  }
  const differences: Difference[] = [];
  const seen = new Set<string>();
  for (const server of actual.servers) {
    seen.add(server.address);
    const weight = wanted.get(server.address) ?? 0;
    const has = server.in_use ? server.weight : 0;
    const same = vpp.weights === false ? (weight > 0) === server.in_use : weight === has;
    if (!same) {
      differences.push({
        address: server.address,
        wanted: weightWord(weight, vpp),
        actual: weightWord(has, vpp),
      });
    }
  }
  for (const [address, weight] of wanted) {
    if (weight === 0 || seen.has(address)) continue;
    differences.push({ address, wanted: weightWord(weight, vpp), actual: "missing" });
  }
  return differences;
}

function weightWord(weight: number, vpp: VppStatus): string {
  if (vpp.weights === false) return weight > 0 ? "in use" : "not in use";
  return `weight ${weight}`;
}
