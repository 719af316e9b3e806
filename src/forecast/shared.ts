/**
 * Forecasts other intents in place of those in force. PURE. The plan of a fleet and the guard of each
 * load balancer both use it, so what was foretold and what is judged are computed alike.
 */
import { decidesByPast } from "../checker/past.ts";
import { usesAny } from "../checker/members.ts";
import type { Snapshot } from "../checker/ports.ts";
import type { WallMs } from "../base/instant.ts";
import type { Config, FrontendConfig } from "../config/model.ts";
import { STATIC_PASS, step } from "../health/machine.ts";
import type { Backend, HealthEvent, NamedTransition } from "../health/state.ts";
import type { IntentSet } from "../intent/intent.ts";
import { inForce } from "../intent/weights_in_force.ts";
import { changesOf, type Forecast, type ForecastOptions } from "./forecast.ts";
import { forecastVips } from "./vips.ts";
import { namesRisen, stateIn, viewsAfter } from "./views.ts";

/** The intents of two instants. */
export interface IntentChange {
  /** Those that count as in force; default: those of the snapshot. */
  readonly before?: IntentSet;
  readonly after: IntentSet;
}

/**
 * The effect of a change of intents; their backends are in the configuration. `whole` false: VIPs on
 * addresses where nothing changes are left out.
 */
export function* forecastIntents(
  snapshot: Snapshot,
  { before = snapshot.intents, after }: IntentChange,
  { nowMs, can, atMs, whole = true }: ForecastOptions & { readonly whole?: boolean },
): Generator<undefined, Forecast> {
  const { config, encap } = snapshot;
  const touched = touchedBy([snapshot.intents, before, after]);
  const concerned = concernedBy(config, touched);
  const addresses = new Set([...concerned].map((name) => config.frontends.get(name)!.address.text));
  /** The frontends with the weights of a set of intents. */
  const framed = (intents: IntentSet, backends: ReadonlyMap<string, Backend>) => {
    const frontends = new Map<string, FrontendConfig>();
    for (const [name, file] of config.frontends) {
      if (concerned.has(name)) frontends.set(name, inForce(file, intents, backends));
      else if (whole || addresses.has(file.address.text)) {
        frontends.set(name, snapshot.frontends.get(name)!.config);
      }
    }
    return frontends;
  };
  const isStatic = (name: string) => config.backends.get(name)?.healthcheck === undefined;
  const moment = { nowMs, isStatic };
  const present = statesUnder(snapshot.backends, {
    from: snapshot.intents,
    to: before,
    ...moment,
  });
  const later = statesUnder(present.backends, { from: before, to: after, ...moment });
  const past = snapshot.frontends;
  const now = {
    config,
    encap,
    frontends: framed(before, present.backends),
    stateOf: stateIn(present.backends),
  };
  const frontends = framed(after, later.backends);
  const unproved = new Set(later.transitions.map(({ name }) => name));
  const views = viewsAfter({ config, frontends, backends: later.backends, encap }, {
    unproved,
    atMs,
  });
  const unchanged = new Set(
    [...frontends.keys()].filter((name) =>
      !concerned.has(name) && !decidesByPast(past.get(name)!) && encap?.has(name) !== true
    ),
  );
  const lb = yield* forecastVips({ past, now, ...views, can, nowMs: atMs, unchanged });
  return {
    ...lb,
    states: changesOf(later.transitions),
    assumedUp: namesRisen(later.backends, { unproved, atMs }),
    carried: [],
  };
}

/** What ends a state that an intent requires. */
const ENDS = { pause: "resume", disable: "enable" } as const;

/** The backends after the pauses and disables of one set became those of another. */
function statesUnder(
  backends: ReadonlyMap<string, Backend>,
  { from, to, nowMs, isStatic }: {
    readonly from: IntentSet;
    readonly to: IntentSet;
    readonly nowMs: WallMs;
    readonly isStatic: (backend: string) => boolean;
  },
): {
  readonly backends: ReadonlyMap<string, Backend>;
  readonly transitions: readonly NamedTransition[];
} {
  const transitions: NamedTransition[] = [];
  if (from === to) return { backends, transitions };
  const after = new Map(backends);
  const kindOf = (intents: IntentSet, name: string) => {
    const kind = intents.ofBackend(name)?.kind;
    return kind === "drain" ? undefined : kind;
  };
  const names = new Set(
    [...from.list(), ...to.list()].flatMap((each) => each.kind === "lameduck" ? [] : each.backend),
  );
  for (const name of [...names].sort()) {
    const [had, has] = [kindOf(from, name), kindOf(to, name)];
    if (had === has) continue;
    const events: readonly HealthEvent[] = [
      ...(had === undefined ? [] : [{ kind: ENDS[had] }]),
      ...(has === undefined ? [] : [{ kind: has }]),
      ...(has === undefined && isStatic(name)
        ? [{ kind: "probe" as const, result: STATIC_PASS }]
        : []),
    ];
    for (const event of events) {
      const backend = after.get(name);
      const stepped = backend && step(backend, event, nowMs);
      if (stepped?.ok !== true) continue;
      after.set(name, stepped.backend);
      if (stepped.transition !== undefined) {
        transitions.push({ name, transition: stepped.transition });
      }
    }
  }
  return { backends: after, transitions };
}

/** Backends of the intents that not all of these sets have. */
function touchedBy(sets: readonly IntentSet[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const set of sets) {
    for (const intent of set.list()) {
      if (intent.kind === "lameduck" || sets.every((other) => other.has(intent))) continue;
      names.add(intent.backend);
    }
  }
  return names;
}

/** Names of the frontends that use one of them. */
function concernedBy({ frontends }: Config, touched: ReadonlySet<string>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [name, frontend] of frontends) if (usesAny(frontend, touched)) names.add(name);
  return names;
}
