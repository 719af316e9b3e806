/**
 * Decides which prefixes this load balancer announces. PURE.
 *
 * A prefix is up while every frontend on it has at least `min-up` servers with weight. It is
 * withdrawn immediately, and announced again only after `hysteresis` above the border without a
 * break, so that a server at the border cannot make the routing flap.
 *
 * Weights on their way to VPP withdraw a prefix, but only those that VPP acknowledged announce one.
 * An announced prefix stays while a VIP is recreated, when VPP has no servers for an instant.
 */
import { earliest, later, type MonotonicMs, NEVER_MS } from "../base/instant.ts";

/** A frontend with `announce`, at one instant. */
export interface Border {
  readonly frontend: string;
  /** The VIP in CIDR form: `192.0.2.10/32`. */
  readonly prefix: string;
  /** Number of servers with weight, in the configuration's view and as sent to VPP. */
  readonly serving: number;
  /** Number of those whose weight VPP acknowledged. */
  readonly acknowledged: number;
  readonly minUp: number;
  readonly hysteresisMs: number;
}

/** Present state of a prefix. */
export interface Standing {
  /** It is announced, unless everything is withdrawn. */
  readonly announced: boolean;
  /** Since when it is above the border in VPP, without a break; undefined: it is below. */
  readonly aboveSinceMs: MonotonicMs | undefined;
}

/** By prefix. */
export type Standings = ReadonlyMap<string, Standing>;

/** The frontends of a prefix together. */
interface Prefix {
  above: boolean;
  /** VPP acknowledged enough of them. */
  done: boolean;
  hysteresisMs: number;
}

/** The standings after `past` with these borders, and when time alone may change them. */
export function judge(
  past: Standings,
  borders: readonly Border[],
  nowMs: MonotonicMs,
): { readonly standings: Standings; readonly wakeAtMs: MonotonicMs } {
  const prefixes = new Map<string, Prefix>();
  for (const { prefix, serving, acknowledged, minUp, hysteresisMs } of borders) {
    const known = prefixes.get(prefix);
    const above = serving >= minUp;
    const done = acknowledged >= minUp;
    if (known === undefined) prefixes.set(prefix, { above, done, hysteresisMs });
    else {
      known.above &&= above;
      known.done &&= done;
      known.hysteresisMs = Math.max(known.hysteresisMs, hysteresisMs);
    }
  }
  const standings = new Map<string, Standing>();
  let wakeAtMs = NEVER_MS;
  for (const [prefix, { above, done, hysteresisMs }] of prefixes) {
    const before = past.get(prefix);
    if (!above || (!done && before?.announced !== true)) {
      standings.set(prefix, { announced: false, aboveSinceMs: undefined });
      continue;
    }
    const aboveSinceMs = before?.aboveSinceMs ?? nowMs;
    const dueMs = later(aboveSinceMs, hysteresisMs);
    const announced = before?.announced === true || nowMs >= dueMs;
    if (!announced) wakeAtMs = earliest(wakeAtMs, dueMs);
    standings.set(prefix, { announced, aboveSinceMs });
  }
  return { standings, wakeAtMs };
}

/**
 * The standings while VPP is away: what is announced stays, except for removed frontends. The
 * hysteresis of the others begins again with VPP's return, because until then no server serves.
 */
export function frozen(past: Standings, borders: readonly Border[]): Standings {
  const standings = new Map<string, Standing>();
  for (const { prefix } of borders) {
    const before = past.get(prefix);
    if (before === undefined) continue;
    standings.set(prefix, before.announced ? before : { ...before, aboveSinceMs: undefined });
  }
  return standings;
}

/** The announced prefixes, sorted. */
export function announcedOf(standings: Standings): readonly string[] {
  return [...standings].filter(([, { announced }]) => announced).map(([prefix]) => prefix).sort();
}
