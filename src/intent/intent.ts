/**
 * Operators' run-time settings beyond the file: a backend paused, disabled or drained, a weight in
 * place of the file's, the whole load balancer as lameduck; now, or from a later time on
 * (schedule.ts). PURE.
 *
 * An intent has the setting, the operator, the reason, its start and its end. It is keyed by names,
 * never by an address or a position, and contains nothing that the configuration owns. So an old
 * intent can never bring back an old address, port or check.
 *
 * A setting that the file has anyway is not an intent: a weight equal to the file's, or disabling a
 * backend that the file disables. Enabling a backend that the file disables is not one either, and
 * lasts as long as the process.
 */
import { createHash } from "node:crypto";
import { earliest, later, latest, LATEST_MS, type WallMs } from "../base/instant.ts";
import type { WeightPlace } from "../config/pool_weights.ts";

/** The identity of an operator. */
export interface OperatorId {
  /** Address of the other side, `unix` for a unix socket. */
  readonly peer: string;
  /** The proved identity; empty without proof. */
  readonly identity: string;
}

/** Fields of every intent. */
export interface IntentBase {
  readonly by: OperatorId;
  /** The operator's reason; empty without one. */
  readonly reason: string;
  /**
   * Unix time in milliseconds of the request. Later than that of every older request for the target,
   * which may put it after the present time when the clock was set back.
   */
  readonly sinceMs: WallMs;
  /** Unix time in milliseconds at which it ends by itself; undefined: when an operator ends it. */
  readonly untilMs: WallMs | undefined;
  /**
   * Its length in milliseconds, of a request with a length. It counts in place of `untilMs` until
   * the process ends, because the wall clock may be set. Not stored.
   */
  readonly forMs?: number | undefined;
  /** Unix time in milliseconds of its beginning; absent: it began with the request. */
  readonly fromMs?: WallMs;
  /** Milliseconds from the request to its beginning, in place of `fromMs` as `forMs` is. */
  readonly inMs?: number | undefined;
  /** It has not begun. */
  readonly scheduled?: true;
  /**
   * The load balancers that it is for, when a fleet shares it: `fleet`, `site=NAME` or `lb=NAME`.
   * Absent: this one, by its own operators.
   */
  readonly scope?: string;
}

/** A backend kept out of service. */
export interface BackendIntent extends IntentBase {
  readonly kind: "pause" | "disable";
  readonly backend: string;
}

/**
 * A backend that takes no new flows until its end. Its weight is 0 in every frontend; probing and
 * established flows continue.
 */
export interface DrainIntent extends IntentBase {
  readonly kind: "drain";
  readonly backend: string;
  /**
   * The action at the end, which has no end of its own. `resume`: none, so new flows come back; of a
   * drain that a fleet shares.
   */
  readonly then: "pause" | "disable" | "resume";
  readonly untilMs: WallMs;
  /** A scheduled one that also begins when it takes the last server from a frontend. */
  readonly force?: true;
}

/** A weight in place of the file's. */
export interface WeightIntent extends IntentBase {
  readonly kind: "weight";
  readonly frontend: string;
  /** Name of the pool. */
  readonly pool: string;
  readonly backend: string;
  /** 0 to 100; differs from `instead`. */
  readonly weight: number;
  /** The file's weight that it stands in place of; 0 to 100. */
  readonly instead: number;
}

/** All prefixes of this load balancer are kept withdrawn. */
export interface LameduckIntent extends IntentBase {
  readonly kind: "lameduck";
}

export type Intent = BackendIntent | DrainIntent | WeightIntent | LameduckIntent;

/** A string that is equal for intents that replace each other. */
export function intentKey(intent: Intent): string {
  return intent.scheduled === true ? `scheduled ${intentId(intent)}` : targetKey(intent);
}

/** A string that is equal for intents of which only one can be in force. */
export function targetKey(intent: Intent): string {
  const place = placeKey(intent);
  return intent.scope === undefined ? place : `${intent.scope} ${place}`;
}

/** The same for intents of several scopes: a string that is equal for those that decide together. */
function placeKey(intent: Intent): string {
  if (intent.kind === "lameduck") return LAMEDUCK_KEY;
  return intent.kind === "weight" ? weightKey(intent) : backendKey(intent.backend);
}

/** Names an intent for operators, from its request to its end: eight hexadecimal digits. */
export function intentId(intent: Intent): string {
  const { kind, sinceMs, fromMs = null } = intent;
  const text = JSON.stringify([kind, targetKey(intent), sinceMs, fromMs]);
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

const LAMEDUCK_KEY = JSON.stringify([]);

function backendKey(backend: string): string {
  return JSON.stringify([backend]);
}

function weightKey({ frontend, pool, backend }: WeightPlace): string {
  return JSON.stringify([frontend, pool, backend]);
}

/**
 * All intents, in force and scheduled, as an immutable value.
 *
 * Within a scope the newest intent replaces older ones. Between scopes the most restrictive counts:
 * a disable, then a pause, a drain, and the lowest weight. So the order of arrival means nothing.
 */
export class IntentSet {
  static readonly EMPTY = new IntentSet(new Map());
  readonly #intents: ReadonlyMap<string, Intent>;
  readonly #scheduled: readonly Intent[];
  /** Those of the fleet by place. */
  readonly #shared: ReadonlyMap<string, readonly Intent[]>;
  /** The backends that they name: for most there is no intent, and a key takes long to make. */
  readonly #backends: ReadonlySet<string>;
  #list: readonly Intent[] | undefined;

  private constructor(intents: ReadonlyMap<string, Intent>) {
    this.#intents = intents;
    const scheduled = [...intents.values()].filter((intent) => intent.scheduled === true);
    this.#scheduled = scheduled.sort(compareBeginnings);
    const shared = new Map<string, Intent[]>();
    for (const intent of intents.values()) {
      if (intent.scope === undefined) continue;
      const key = placeKey(intent);
      shared.set(key, [...shared.get(key) ?? [], intent]);
    }
    this.#shared = shared;
    this.#backends = new Set(
      [...intents.values()].flatMap((each) => each.kind === "lameduck" ? [] : each.backend),
    );
  }

  /** Of several with one key the last counts. */
  static of(intents: Iterable<Intent>): IntentSet {
    return new IntentSet(new Map([...intents].map((intent) => [intentKey(intent), intent])));
  }

  /** Number of intents in force. */
  get size(): number {
    return this.#intents.size - this.#scheduled.length;
  }

  /** Those that have not begun, by their beginnings. */
  get scheduled(): readonly Intent[] {
    return this.#scheduled;
  }

  /** The pauses, disables and drains of a backend that have not begun, by their beginnings. */
  scheduledOf(backend: string): readonly Intent[] {
    return this.#scheduledFor(backendKey(backend));
  }

  /** The scheduled intents for the target of `intent`, by their beginnings. */
  scheduledLike(intent: Intent): readonly Intent[] {
    return this.#scheduledFor(targetKey(intent));
  }

  /**
   * The intent of a new request: its time is after those of all others for its target, also when
   * the clock was set back.
   */
  asNewest<T extends Intent>(intent: T): T {
    const present = this.ofTarget(intent);
    let { sinceMs } = intent;
    for (
      const other of [...this.scheduledLike(intent), ...(present === undefined ? [] : [present])]
    ) {
      sinceMs = latest(sinceMs, earliest(later(other.sinceMs, 1), LATEST_MS));
    }
    return sinceMs === intent.sinceMs ? intent : { ...intent, sinceMs };
  }

  /** Those in force, then the scheduled ones. */
  all(): readonly Intent[] {
    return this.#scheduled.length === 0 ? this.list() : [...this.list(), ...this.#scheduled];
  }

  ofId(id: string): Intent | undefined {
    return this.all().find((intent) => intentId(intent) === id);
  }

  /** True for an intent of this set, false for an equal one. */
  has(intent: Intent): boolean {
    return this.#intents.get(intentKey(intent)) === intent;
  }

  /** The intent in force that `intent` would replace. */
  ofTarget(intent: Intent): Intent | undefined {
    return this.#intents.get(targetKey(intent));
  }

  /** The pause, disable or drain of a backend that counts. */
  ofBackend(backend: string): BackendIntent | DrainIntent | undefined {
    const local = this.localOfBackend(backend);
    const shared = this.sharedOfBackend(backend);
    if (shared === undefined || local === undefined) return local ?? shared;
    return SEVERITY[shared.kind] > SEVERITY[local.kind] ? shared : local;
  }

  /** That of this load balancer's own operators. */
  localOfBackend(backend: string): BackendIntent | DrainIntent | undefined {
    if (!this.#backends.has(backend)) return undefined;
    return asBackendIntent(this.#intents.get(backendKey(backend)));
  }

  /** The most restrictive one of the fleet. */
  sharedOfBackend(backend: string): BackendIntent | DrainIntent | undefined {
    if (!this.#backends.has(backend)) return undefined;
    let most: BackendIntent | DrainIntent | undefined;
    for (const intent of this.#shared.get(backendKey(backend)) ?? []) {
      const each = asBackendIntent(intent);
      if (each === undefined) continue;
      if (most === undefined || SEVERITY[each.kind] > SEVERITY[most.kind]) most = each;
    }
    return most;
  }

  /**
   * A drain in force of a backend, also where a pause or disable of another scope is stronger: that
   * of this load balancer's own operators, else one of the fleet.
   */
  drainOf(backend: string): DrainIntent | undefined {
    const local = this.localOfBackend(backend);
    if (local?.kind === "drain") return local;
    const shared = this.#shared.get(backendKey(backend)) ?? [];
    return shared.find((intent) => intent.kind === "drain");
  }

  /** The lameduck of this load balancer. */
  get lameduck(): LameduckIntent | undefined {
    const intent = this.#intents.get(LAMEDUCK_KEY);
    return intent?.kind === "lameduck" ? intent : undefined;
  }

  /** The weight set for a pool's entry; of several scopes the lowest. */
  ofWeight(place: WeightPlace): WeightIntent | undefined {
    if (!this.#backends.has(place.backend)) return undefined;
    const key = weightKey(place);
    let lowest: WeightIntent | undefined;
    for (const intent of [this.#intents.get(key), ...this.#shared.get(key) ?? []]) {
      if (intent?.kind !== "weight") continue;
      if (lowest === undefined || intent.weight < lowest.weight) lowest = intent;
    }
    return lowest;
  }

  /** Those of this load balancer's own operators, in force and scheduled. */
  local(): readonly Intent[] {
    return this.#shared.size === 0 ? this.all() : this.all().filter((each) => !isShared(each));
  }

  /** Those of the fleet. */
  shared(): readonly Intent[] {
    return this.#shared.size === 0 ? [] : this.list().filter(isShared);
  }

  /** This set with these intents of the fleet in place of all earlier ones. */
  withShared(shared: readonly Intent[]): IntentSet {
    return IntentSet.of([...this.local(), ...shared]);
  }

  /**
   * Those in force, sorted by kind of key (lameduck, backends, weights) and by names. The same array
   * every time.
   */
  list(): readonly Intent[] {
    this.#list ??= [...this.#intents.values()].filter((intent) => intent.scheduled !== true)
      .sort(compareIntents);
    return this.#list;
  }

  /** This set with `intent`, which replaces an intent of the same key. */
  with(intent: Intent): IntentSet {
    return new IntentSet(new Map(this.#intents).set(intentKey(intent), intent));
  }

  /** This set without the intent of the key of `intent`; the same set if nothing changes. */
  without(intent: Intent): IntentSet {
    const key = intentKey(intent);
    if (!this.#intents.has(key)) return this;
    const rest = new Map(this.#intents);
    rest.delete(key);
    return new IntentSet(rest);
  }

  /** This set without the intents of the keys of `over`, and with `added`; the same set without any. */
  replaced(over: readonly Intent[], added: readonly Intent[]): IntentSet {
    if (over.length + added.length === 0) return this;
    const intents = new Map(this.#intents);
    for (const intent of over) intents.delete(intentKey(intent));
    for (const intent of added) intents.set(intentKey(intent), intent);
    return new IntentSet(intents);
  }

  #scheduledFor(target: string): readonly Intent[] {
    return this.#scheduled.filter((intent) => targetKey(intent) === target);
  }
}

/** The rank of an intent between scopes. */
const SEVERITY = { drain: 1, pause: 2, disable: 3 } as const;

function asBackendIntent(intent: Intent | undefined): BackendIntent | DrainIntent | undefined {
  return intent?.kind === "weight" || intent?.kind === "lameduck" ? undefined : intent;
}

function isShared({ scope }: Intent): boolean {
  return scope !== undefined;
}

/** By beginning, then by request. */
function compareBeginnings(a: Intent, b: Intent): number {
  return (a.fromMs ?? 0) - (b.fromMs ?? 0) || a.sinceMs - b.sinceMs || compareIntents(a, b) ||
    (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0);
}

function compareIntents(a: Intent, b: Intent): number {
  const keysA = namesOf(a);
  const keysB = namesOf(b);
  if (keysA.length !== keysB.length) return keysA.length - keysB.length;
  for (let i = 0; i < keysA.length; i++) {
    if (keysA[i]! !== keysB[i]!) return keysA[i]! < keysB[i]! ? -1 : 1;
  }
  const [scopeA, scopeB] = [a.scope ?? "", b.scope ?? ""];
  return scopeA === scopeB ? 0 : scopeA < scopeB ? -1 : 1;
}

function namesOf(intent: Intent): readonly string[] {
  if (intent.kind === "lameduck") return [];
  return intent.kind === "weight"
    ? [intent.frontend, intent.pool, intent.backend]
    : [intent.backend];
}
