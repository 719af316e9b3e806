/**
 * PURE. One load balancer as the page holds it: the lists of its maglevd, indexed, and what follows
 * from them. It is changed in place, because copying sixteen thousand backends for each event costs
 * more than all else; values inside are never changed, only replaced.
 */
import {
  type Backend,
  type DashboardEvent,
  type Frontend,
  frontendVipKey,
  type HealthCheck,
  type History,
  type LbVip,
  type MaglevdState,
  type MaglevdStatus,
  vipKey,
  type VipRates,
  type VppStatus,
} from "../../protocol.ts";
import { summarize, type Summary } from "./health.ts";
import { advance, stripCharacter, worsenNewest } from "./strip.ts";

/** Points that are kept of a VIP's rates: ten minutes of five seconds. */
const MAX_POINTS = 120;

/** Everything about one maglevd. */
export interface Lb {
  readonly name: string;
  status: MaglevdStatus;
  frontends: Map<string, Frontend>;
  backends: Map<string, Backend>;
  healthchecks: Map<string, HealthCheck>;
  vpp: VppStatus;
  lbReadMs: number | undefined;
  vips: Map<string, LbVip>;
  /** Names of the frontends that use a backend. */
  usedBy: Map<string, readonly string[]>;
  /** Name of the frontend of a VIP. */
  frontendOf: Map<string, string>;
  summaries: Map<string, Summary>;
  /** Frontend → when it or a backend of it changed, by the dashboard's clock. */
  changedMs: Map<string, number>;
  strips: Map<string, string>;
  /** End of the newest slot, by the dashboard's clock; 0: no history yet. */
  stripEndMs: number;
  slotMs: number;
  rates: Map<string, VipRates>;
  /** VPP API calls per second, of the last quarter of a second. */
  callsPerS: number;
}

/**
 * Notes a part that changed, so that only what shows it is drawn again:
 *
 *     lists            frontends or backends were added, removed or reordered
 *     status vpp api   the parts of that name
 *     counts           the health of some frontend
 *     strips           all strips
 *     b:NAME beat:NAME strip:NAME   a backend, its probes, its strip
 *     f:NAME           a frontend, its summary, or what VPP has of it
 *     r:KEY            rates of a VIP
 */
export type Touch = (part: string) => void;

/** Builds the model of a maglevd. */
export function createLb(state: MaglevdState): Lb {
  const lb: Lb = {
    name: state.name,
    status: state,
    frontends: new Map(),
    backends: new Map(),
    healthchecks: new Map(),
    vpp: state.vpp,
    lbReadMs: undefined,
    vips: new Map(),
    usedBy: new Map(),
    frontendOf: new Map(),
    summaries: new Map(),
    changedMs: new Map(),
    strips: new Map(),
    stripEndMs: 0,
    slotMs: 10_000,
    rates: new Map(),
    callsPerS: 0,
  };
  replaceLists(lb, state);
  return lb;
}

function replaceLists(lb: Lb, state: MaglevdState): void {
  const { frontends, backends, healthchecks, vpp, lb: read, ...status } = state;
  lb.status = status;
  lb.vpp = vpp;
  lb.frontends = new Map(frontends.map((frontend) => [frontend.name, frontend]));
  lb.backends = new Map(backends.map((backend) => [backend.name, backend]));
  lb.healthchecks = new Map(healthchecks.map((check) => [check.name, check]));
  lb.lbReadMs = read?.read_ms;
  lb.vips = new Map((read?.vips ?? []).map((vip) => [vipKey(vip), vip]));
  const usedBy = new Map<string, string[]>();
  lb.frontendOf = new Map();
  for (const frontend of frontends) {
    lb.frontendOf.set(frontendVipKey(frontend), frontend.name);
    for (const name of backendNames(frontend)) {
      const users = usedBy.get(name);
      if (users === undefined) usedBy.set(name, [frontend.name]);
      else users.push(frontend.name);
    }
  }
  lb.usedBy = usedBy;
  const skewMs = status.clock_skew_ms ?? 0;
  const changedMs = new Map<string, number>();
  for (const frontend of frontends) {
    let latest = 0;
    for (const name of backendNames(frontend)) {
      latest = Math.max(latest, (lb.backends.get(name)?.since_ms ?? 0) - skewMs);
    }
    // What the events have shown may be newer than the clocks let one work out.
    changedMs.set(frontend.name, Math.max(latest, lb.changedMs.get(frontend.name) ?? 0));
  }
  lb.changedMs = changedMs;
  for (const name of lb.strips.keys()) if (!lb.backends.has(name)) lb.strips.delete(name);
  lb.summaries = new Map();
  for (const frontend of frontends) {
    lb.summaries.set(frontend.name, summarize(frontend, contextOf(lb, frontend.name)));
  }
}

/** The names of a frontend's backends, each once, in order. */
export function backendNames(frontend: Frontend): ReadonlySet<string> {
  const names = new Set<string>();
  for (const pool of frontend.pools) for (const { name } of pool.backends) names.add(name);
  return names;
}

function contextOf(lb: Lb, frontend: string): Parameters<typeof summarize>[1] {
  return {
    backend: (name) => lb.backends.get(name),
    vip: (key) => lb.vips.get(key),
    lbReadMs: lb.lbReadMs,
    changedMs: lb.changedMs.get(frontend) ?? 0,
    vpp: lb.vpp,
    status: lb.status,
  };
}

function resummarize(lb: Lb, names: Iterable<string>, touch: Touch): void {
  for (const name of names) {
    const frontend = lb.frontends.get(name);
    if (frontend === undefined) continue;
    const before = lb.summaries.get(name);
    const after = summarize(frontend, contextOf(lb, name));
    lb.summaries.set(name, after);
    touch(`f:${name}`);
    if (before?.health !== after.health || before.held.length !== after.held.length) {
      touch("counts");
    }
  }
}

/** An event of one maglevd, without those that the page keeps apart. */
export type LbEvent = Exclude<DashboardEvent, { type: "log" | "fleet" | "resync" }>;

/** Applies an event to `lb`. Events about things that are not there are ignored. */
export function applyToLb(lb: Lb, event: LbEvent, touch: Touch): void {
  switch (event.type) {
    case "backend":
      return applyBackend(lb, event.backend, { changedMs: event.t_ms, touch });
    case "frontend":
      return applyFrontend(lb, event.frontend, { changedMs: event.t_ms, touch });
    case "maglevd-status": {
      const warm = lb.status.warmup !== event.status.warmup;
      lb.status = event.status;
      touch("status");
      if (warm) resummarize(lb, lb.frontends.keys(), touch);
      return;
    }
    case "maglevd-state":
      replaceLists(lb, event.state);
      for (const part of ["lists", "status", "vpp", "counts", "strips"]) touch(part);
      for (const name of lb.frontends.keys()) touch(`f:${name}`);
      for (const name of lb.backends.keys()) touch(`b:${name}`);
      return;
    case "vpp-status":
      lb.vpp = event.vpp;
      touch("vpp");
      return resummarize(lb, lb.frontends.keys(), touch);
    case "lb-state":
      return applyLbState(lb, event, touch);
    case "probes":
      return applyProbes(lb, event.probes, touch);
    case "vpp-api":
      lb.callsPerS = (event.calls + event.failed) * 4;
      return touch("api");
    case "rates":
      return applyRates(lb, event, touch);
  }
}

/** Replaces a backend, and judges the frontends that use it. */
function applyBackend(
  lb: Lb,
  backend: Backend,
  { changedMs, touch }: { readonly changedMs: number; readonly touch: Touch },
): void {
  const before = lb.backends.get(backend.name);
  if (before === undefined) return;
  lb.backends.set(backend.name, backend);
  touch(`b:${backend.name}`);
  worsen(lb, backend, touch);
  const users = lb.usedBy.get(backend.name) ?? [];
  if (before.state !== backend.state) {
    for (const name of users) lb.changedMs.set(name, changedMs);
  }
  resummarize(lb, users, touch);
}

function applyFrontend(
  lb: Lb,
  frontend: Frontend,
  { changedMs, touch }: { readonly changedMs: number; readonly touch: Touch },
): void {
  const { name } = frontend;
  const before = lb.frontends.get(name);
  if (before === undefined) return;
  lb.frontends.set(name, frontend);
  if (weightsOf(before) !== weightsOf(frontend)) lb.changedMs.set(name, changedMs);
  resummarize(lb, [name], touch);
}

/** Effective weights as a text that is equal when they are. */
function weightsOf({ pools }: Frontend): string {
  return pools.map(({ backends }) => backends.map((entry) => entry.effective_weight).join())
    .join("/");
}

function applyLbState(
  lb: Lb,
  event: Extract<LbEvent, { type: "lb-state" }>,
  touch: Touch,
): void {
  lb.lbReadMs = event.read_ms;
  for (const key of event.removed) lb.vips.delete(key);
  for (const vip of event.vips) lb.vips.set(vipKey(vip), vip);
  touch("vpp");
  const touched = new Set([...event.removed, ...event.vips.map(vipKey)]);
  // A newer reading without a change can settle a judgement that waited for it.
  const waiting = [...lb.frontends.values()].filter((frontend) =>
    touched.has(frontendVipKey(frontend)) ||
    lb.summaries.get(frontend.name)!.differences.length > 0 ||
    (lb.changedMs.get(frontend.name) ?? 0) + 60_000 > event.read_ms
  );
  resummarize(lb, waiting.map(({ name }) => name), touch);
}

function applyProbes(
  lb: Lb,
  probes: Extract<LbEvent, { type: "probes" }>["probes"],
  touch: Touch,
): void {
  for (const [name, [code, ok, counter, , durationMs]] of Object.entries(probes)) {
    const backend = lb.backends.get(name);
    if (backend === undefined) continue;
    touch(`beat:${name}`);
    const { last_result: before } = backend;
    const same = before !== undefined && before.code === code && before.ok === ok;
    if (same && backend.counter === counter && durationMs === undefined) continue;
    const detail = same ? before.detail : undefined;
    const after: Backend = {
      ...backend,
      counter,
      last_result: {
        ok,
        code,
        ...(detail === undefined ? {} : { detail }),
        ...(durationMs === undefined ? {} : { duration_ms: durationMs }),
      },
    };
    lb.backends.set(name, after);
    touch(`b:${name}`);
    worsen(lb, after, touch);
  }
}

/** Worsens the newest slot of a backend's strip by what it is now. */
function worsen(lb: Lb, backend: Backend, touch: Touch): void {
  const strip = lb.strips.get(backend.name);
  if (strip === undefined) return;
  const after = worsenNewest(strip, stripCharacter(backend));
  if (after === strip) return;
  lb.strips.set(backend.name, after);
  touch(`strip:${backend.name}`);
}

function applyRates(lb: Lb, event: Extract<LbEvent, { type: "rates" }>, touch: Touch): void {
  for (const [key, point] of Object.entries(event.vips)) {
    const before = lb.rates.get(key);
    if ((before?.at_ms.at(-1) ?? 0) >= event.at_ms) continue;
    const [first, next, dropped] = point ?? [null, null, null];
    const add = <T>(values: readonly T[] | undefined, value: T): T[] =>
      [...values ?? [], value].slice(-MAX_POINTS);
    lb.rates.set(key, {
      at_ms: add(before?.at_ms, event.at_ms),
      first: add(before?.first, first),
      next: add(before?.next, next),
      dropped: add(before?.dropped, dropped),
    });
    touch(`r:${key}`);
  }
}

/** Takes over a history that was loaded. Results are dropped: an opened row loads its own. */
export function applyHistory(lb: Lb, history: History, touch: Touch): void {
  lb.stripEndMs = history.end_ms;
  lb.slotMs = history.slot_ms;
  lb.strips = new Map();
  for (const [name, { strip }] of Object.entries(history.backends)) {
    const backend = lb.backends.get(name);
    if (backend !== undefined) lb.strips.set(name, worsenNewest(strip, stripCharacter(backend)));
  }
  lb.rates = new Map(Object.entries(history.vips));
  touch("strips");
  for (const key of lb.rates.keys()) touch(`r:${key}`);
}

/** Moves the strips on to `nowMs`, the dashboard's clock. While not live, new slots are gaps. */
export function advanceStrips(
  lb: Lb,
  { nowMs, live, touch }: { readonly nowMs: number; readonly live: boolean; readonly touch: Touch },
): void {
  if (lb.stripEndMs === 0 || nowMs < lb.stripEndMs) return;
  const slots = Math.floor((nowMs - lb.stripEndMs) / lb.slotMs) + 1;
  lb.stripEndMs += slots * lb.slotMs;
  const seen = live && lb.status.connected;
  for (const [name, strip] of lb.strips) {
    const backend = lb.backends.get(name);
    const character = seen && backend !== undefined ? stripCharacter(backend) : ".";
    lb.strips.set(name, advance(strip, slots, character));
  }
  touch("strips");
}
