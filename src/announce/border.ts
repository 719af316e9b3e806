/**
 * Decides which prefixes this load balancer announces. PURE.
 *
 * A prefix is up while every frontend on it has at least `min-up` servers with weight. It is
 * withdrawn immediately, and announced again only after `hysteresis` above the border without a
 * break, so that a server at the border cannot make the routing flap.
 */
import { earliest, later, type MonotonicMs, NEVER_MS } from "../base/instant.ts";

/** A frontend with `announce`, at one instant. */
export interface Border {
  readonly frontend: string;
  /** The VIP in CIDR form: `192.0.2.10/32`. */
  readonly prefix: string;
  /** Number of servers with weight, in the configuration's view and in VPP. */
  readonly serving: number;
  readonly minUp: number;
  readonly hysteresisMs: number;
}

/** Present state of a prefix. */
export interface Standing {
  /** It is announced, unless everything is withdrawn. */
  readonly announced: boolean;
  /** Since when it is above the border without a break; undefined: it is below. */
  readonly aboveSinceMs: MonotonicMs | undefined;
}

/** By prefix. */
export type Standings = ReadonlyMap<string, Standing>;

/** The standings after `past` with these borders, and when time alone may change them. */
export function judge(
  past: Standings,
  borders: readonly Border[],
  nowMs: MonotonicMs,
): { readonly standings: Standings; readonly wakeAtMs: MonotonicMs } {
  const prefixes = new Map<string, { above: boolean; hysteresisMs: number }>();
  for (const { prefix, serving, minUp, hysteresisMs } of borders) {
    const known = prefixes.get(prefix);
    const above = serving >= minUp;
    if (known === undefined) prefixes.set(prefix, { above, hysteresisMs });
    else {
      known.above &&= above;
      known.hysteresisMs = Math.max(known.hysteresisMs, hysteresisMs);
    }
  }
  const standings = new Map<string, Standing>();
  let wakeAtMs = NEVER_MS;
  for (const [prefix, { above, hysteresisMs }] of prefixes) {
    if (!above) {
      standings.set(prefix, { announced: false, aboveSinceMs: undefined });
      continue;
    }
    const before = past.get(prefix);
    const aboveSinceMs = before?.aboveSinceMs ?? nowMs;
    const dueMs = later(aboveSinceMs, hysteresisMs);
    const announced = before?.announced === true || nowMs >= dueMs;
    if (!announced) wakeAtMs = earliest(wakeAtMs, dueMs);
    standings.set(prefix, { announced, aboveSinceMs });
  }
  return { standings, wakeAtMs };
}

/** The announced prefixes, sorted. */
export function announcedOf(standings: Standings): readonly string[] {
  return [...standings].filter(([, { announced }]) => announced).map(([prefix]) => prefix).sort();
}
