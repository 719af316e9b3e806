/**
 * A backend whose pause or disable was acknowledged as durable gets no weight until an operator, the
 * file or its time ends it: over crashes and losses of power.
 */
import type { LogEventName, LogFields } from "../../../src/base/ports.ts";
import type { Config } from "../../../src/config/model.ts";
import type { Daemon } from "../../../src/daemon/wire.ts";
import type { Intent, IntentSet } from "../../../src/intent/intent.ts";
import type { SentRequest } from "../world/requests.ts";
import type { VppView } from "../world/vpp_view.ts";
import type { World } from "../world/world.ts";
import { keyOf } from "./wanted.ts";

const INVARIANT = "a server in a durable intent has no weight";

/** When an action begins and ends, in milliseconds from now. */
export interface ActionTimes {
  readonly inMs: number | undefined;
  readonly forMs: number | undefined;
}

/** A beginning is noticed within this, also by a daemon that was stopped for a moment. */
const BEGUN_MS = 1000;

/** An unreadable file is quarantined within this after a fault of the disk. */
const QUARANTINED_MS = 6000;

/** A beginning or an end is noticed within this. */
const NOTICED_MS = 1500;
/** Length of a drain without one, in flow timeouts. */
const DRAIN_TIMEOUTS = 5;
/** Times of requests are whole milliseconds. */
const ROUNDED_MS = 2;

interface Out {
  readonly action: string;
  /** Unix time and monotonic time from which on it is out: after the later one. */
  readonly fromMs: number;
  readonly beginMs: number;
  /** Unix time at which it ends, over a restart. */
  readonly untilMs: number;
  /** Monotonic time at which it ends while the process lives: the wall clock may be set. */
  readonly endMs: number;
}

export class IntentJudge {
  readonly #world: World;
  readonly #fail: (invariant: string, message: string) => void;
  /** Backends that must be out. */
  readonly #out = new Map<string, Out>();
  /** Those with an end whose answer has not come and whose time is not over. */
  readonly #unanswered = new Set<Out>();
  /** Counts actions of each backend: only the newest counts. */
  readonly #versions = new Map<string, number>();
  #config: Config;
  /** Since when the time of an intent in force is over, or that of a scheduled one has come. */
  #overMs = new Map<Intent, number>();
  /** By backend, when each drain that was requested ends by its length at the earliest. */
  readonly #drainEndsMs = new Map<string, number[]>();
  #isClockSet = false;
  #diskFaultUntilMs = 0;
  /** The present daemon did not read its intents, because of a fault of the disk. */
  #isUnreadable = false;

  constructor(world: World, fail: (invariant: string, message: string) => void) {
    this.#world = world;
    this.#fail = fail;
    this.#config = world.config;
  }

  /** A daemon has read the intents, and the file. */
  wired({ checker }: Daemon): void {
    this.reloading(checker.current.config);
    this.expire();
    for (const [backend, { action }] of this.#out) {
      const { intents } = checker.current;
      const intent = intents.ofBackend(backend) ?? intents.scheduledOf(backend)[0];
      const isOut = checker.current.config.backends.get(backend)?.enabled === false;
      if (intent === undefined && !isOut) {
        this.#fail("intents survive", `${action} of ${backend} was durable and is lost`);
      }
    }
  }

  /** The file decides: intents of removed backends end, and of those that it enables or disables. */
  reloading(next: Config): void {
    for (const backend of [...this.#out.keys()]) {
      const before = this.#config.backends.get(backend)?.enabled;
      if (next.backends.get(backend)?.enabled !== before) this.#out.delete(backend);
    }
    this.#config = next;
  }

  /** An operator does something else with a backend: what was durable no longer counts. */
  changing(backend: string): number {
    const version = (this.#versions.get(backend) ?? 0) + 1;
    this.#versions.set(backend, version);
    this.#out.delete(backend);
    return version;
  }

  acting(action: string, backend: string, times: ActionTimes): () => void {
    const version = this.changing(backend);
    const { time } = this.#world;
    const { inMs } = times;
    // What follows a drain has no end.
    const forMs = action === "drain" ? undefined : times.forMs;
    if (action === "drain") this.#noteDrain(backend, times);
    const begunMs = inMs === undefined ? -Infinity : inMs + BEGUN_MS;
    const lengthMs = forMs === undefined ? Infinity : (inMs ?? 0) + forMs - 2;
    const config = this.#config;
    const out: Out = {
      action,
      fromMs: time.wallMs + begunMs,
      beginMs: time.nowMs + begunMs,
      untilMs: time.wallMs + lengthMs,
      endMs: time.nowMs + lengthMs,
    };
    // Which of two requests is newer depends on the wall clock. A drain may have to wait.
    const { intents } = this.#world.daemon!.checker.current;
    const isCertain = intents.scheduledOf(backend).length === 0 &&
      (inMs === undefined ||
        (action !== "drain" && config.backends.get(backend)?.enabled === true));
    if (forMs !== undefined) this.#unanswered.add(out);
    return () => {
      this.expire();
      const hasEnded = forMs !== undefined && !this.#unanswered.delete(out);
      if (this.#versions.get(backend) !== version || hasEnded) return;
      if (!isCertain) return;
      if (action !== "pause" && action !== "disable" && action !== "drain") return;
      // A reload since then may have ended it.
      if (this.#config === config) this.#out.set(backend, out);
    };
  }

  /** Notes when a drain ends by its length at the earliest. */
  #noteDrain(backend: string, { inMs = 0, forMs }: ActionTimes): void {
    const { checker } = this.#world.daemon!;
    const lengthMs = forMs ?? DRAIN_TIMEOUTS * checker.current.config.vppLb!.flowTimeoutMs;
    const ends = this.#drainEndsMs.get(backend) ?? [];
    this.#drainEndsMs.set(backend, [...ends, this.#world.time.nowMs + inMs + lengthMs]);
  }

  /** The clock is set: when a scheduled one begins and ends is not known exactly. */
  clockSet(): void {
    this.#isClockSet = true;
    for (const [backend, { fromMs }] of [...this.#out]) {
      if (fromMs > -Infinity) this.#out.delete(backend);
    }
  }

  /** Forgets those whose time is over. */
  expire(): void {
    const { time } = this.#world;
    const isOver = ({ untilMs, endMs }: Out) => time.wallMs >= untilMs || time.nowMs >= endMs;
    for (const [backend, out] of [...this.#out]) if (isOver(out)) this.#out.delete(backend);
    for (const out of this.#unanswered) if (isOver(out)) this.#unanswered.delete(out);
  }

  logged(event: LogEventName, fields: LogFields): void {
    if (event === "operator-intent-file-unusable") this.#unusable(String(fields.err));
    const isEnd = event === "operator-intent-expired" && fields.intent === "drain";
    if (!isEnd || this.#isClockSet) return;
    const backend = String(fields.backend);
    const earliestMs = Math.min(...this.#drainEndsMs.get(backend) ?? []) - ROUNDED_MS;
    const earlyMs = earliestMs - this.#world.time.nowMs;
    if (earlyMs > 0) this.#fail("intents end", `the drain of ${backend} ends ${earlyMs} ms early`);
  }

  /** An intent begins and ends at its times, which are not known exactly after the clock was set. */
  tick(intents: IntentSet): void {
    if (this.#isClockSet) return;
    const { wallMs, nowMs } = this.#world.time;
    const before = this.#overMs;
    this.#overMs = new Map();
    for (const intent of intents.all()) {
      const { kind, scheduled } = intent;
      // A drain has its length from VPP's acknowledgement on, and may wait for another server.
      if (kind === "drain" && !(scheduled === true && intent.force === true)) continue;
      const dueMs = scheduled === true ? intent.fromMs : intent.untilMs;
      if (dueMs === undefined || wallMs < dueMs) continue;
      const sinceMs = before.get(intent) ?? nowMs;
      this.#overMs.set(intent, sinceMs);
      if (nowMs - sinceMs <= NOTICED_MS) continue;
      const lateMs = wallMs - dueMs;
      if (scheduled === true) {
        this.#fail("intents begin", `${kind} is scheduled ${lateMs} ms later`);
      } else this.#fail("intents end", `${kind} is in force for ${lateMs} ms too long`);
    }
  }

  diskFaultFor(ms: number): void {
    const { nowMs } = this.#world.time;
    this.#diskFaultUntilMs = Math.max(this.#diskFaultUntilMs, nowMs + ms + QUARANTINED_MS);
  }

  /** The daemon ends. */
  ended(): void {
    this.#isUnreadable = false;
  }

  /** The daemon finds that its file is unusable. */
  #unusable(reason: string): void {
    // A file that was unreadable at the start is quarantined as soon as the disk allows it.
    const isAllowed = this.#world.time.nowMs <= this.#diskFaultUntilMs || this.#isUnreadable;
    if (!isAllowed) this.#fail("intents survive", `the file is unusable: ${reason}`);
    this.#isUnreadable = true;
    this.#out.clear();
  }

  sent(requests: readonly SentRequest[]): void {
    if (this.#out.size === 0) return;
    this.expire();
    for (const request of requests) {
      if (!("weight" in request) || request.weight === 0) continue;
      const { vip, server, weight } = request;
      if (this.#isOut(vip, server)) this.#fail(INVARIANT, `${server} gets ${weight} in ${vip}`);
    }
  }

  /** What VPP has, at an instant at which it must be right. */
  has(view: VppView): void {
    if (this.#out.size === 0) return;
    this.expire();
    for (const [vip, servers] of view) {
      for (const [server, weight] of servers) {
        if (weight === 0 || !this.#isOut(vip, server)) continue;
        this.#fail(INVARIANT, `${server} has ${weight} in ${vip}`);
      }
    }
  }

  /** True when all backends of this address in the VIP's frontend must be out. */
  #isOut(vip: string, server: string): boolean {
    const { config } = this.#world.daemon!.checker.current;
    const frontend = [...config.frontends.values()].find((one) => keyOf(one) === vip);
    const users = (frontend?.pools ?? []).flatMap((pool) => pool.backends)
      .filter(({ name }) => config.backends.get(name)?.address.text === server);
    return users.length > 0 && users.every(({ name }) => this.#mustBeOut(name));
  }

  #mustBeOut(backend: string): boolean {
    const out = this.#out.get(backend);
    const { wallMs, nowMs } = this.#world.time;
    return out !== undefined && wallMs >= out.fromMs && nowMs >= out.beginMs;
  }
}
