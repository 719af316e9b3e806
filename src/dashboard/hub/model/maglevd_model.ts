/**
 * PURE. What is known of one maglevd, and the events that follow when that changes.
 *
 * Three sources meet here: events of its stream, which are the newest and say little; objects that
 * are read after them; and lists of everything, read now and then. An answer may be older than an
 * event that came while it was on its way. So its reader names the objects of which a newer event
 * has come, and those are left alone: they are read again anyway.
 */
import { isEqual } from "../../../base/equal.ts";
import type { messages } from "../../../grpc/client/client.ts";
import type {
  Backend,
  DashboardEvent,
  Frontend,
  HealthCheck,
  LbState,
  MaglevdState,
  MaglevdStatus,
  ProbeResult,
  Transition,
  VppStatus,
} from "../../protocol.ts";
import { BackendHistories, stripOf } from "../history/backend_history.ts";
import { ClockSkew } from "./clock_skew.ts";
import { lbChange, readLb } from "./lb_state.ts";
import { frontendState, milliseconds, transitionOf } from "./convert.ts";
import { RateHistory } from "../history/rate_history.ts";
import { afterTransition, changesOf, merged, sameBackend, sameKeys } from "./changes.ts";
import type { Read } from "./lists.ts";

/** An instant by both of our clocks, in milliseconds. */
export interface Now {
  /** Of the steady clock. */
  readonly nowMs: number;
  /** Unix time. */
  readonly wallMs: number;
}

type WithoutBase<E> = E extends { readonly maglevd: string } ? Omit<E, "maglevd" | "t_ms"> : never;
/** An event of one maglevd; the receiver adds its name and the time. */
export type ModelEvent = WithoutBase<DashboardEvent>;

/** Everything, as it was listed. */
export interface Lists {
  readonly backends: Read<Backend>;
  readonly frontends: Read<Frontend>;
  readonly healthchecks: Read<HealthCheck>;
}

/** Objects of which something newer is known than in an answer. */
export interface Newer {
  readonly backends: ReadonlySet<string>;
  readonly frontends: ReadonlySet<string>;
}

/** More changed objects than this are sent as one whole state. */
const MAX_SINGLE_CHANGES = 64;
/** VPP may be programmed this much later than a change is reported, in milliseconds. */
export const SETTLE_MS = 2000;

export class MaglevdModel {
  readonly histories: BackendHistories;
  readonly rates = new RateHistory();
  readonly skew = new ClockSkew();
  readonly #emit: (event: ModelEvent) => void;
  readonly #notes = new Map<string, string>();
  #status: MaglevdStatus;
  #backends: ReadonlyMap<string, Backend> = new Map();
  #frontends: ReadonlyMap<string, Frontend> = new Map();
  #healthchecks: readonly HealthCheck[] = [];
  #vpp: VppStatus = { state: "unknown" };
  #lb: LbState | undefined;
  #users: ReadonlyMap<string, readonly string[]> = new Map();
  /** When frontends changed last, by our wall clock, which LbState.read_ms is of. */
  readonly #changedMs = new Map<string, number>();
  /** When the state of VPP that was reported last was read. */
  #lbSentMs = -Infinity;
  #revision = 0;
  #state: MaglevdState | undefined;

  constructor(status: MaglevdStatus, options: {
    readonly now: Now;
    readonly emit: (event: ModelEvent) => void;
  }) {
    this.#status = status;
    this.#emit = options.emit;
    this.histories = new BackendHistories(options.now.nowMs);
  }

  /** Grows with every change, also with those that no event reports. */
  get revision(): number {
    return this.#revision;
  }

  get status(): MaglevdStatus {
    return this.#status;
  }

  get vpp(): VppStatus {
    return this.#vpp;
  }

  get lb(): LbState | undefined {
    return this.#lb;
  }

  get backends(): ReadonlyMap<string, Backend> {
    return this.#backends;
  }

  get frontends(): ReadonlyMap<string, Frontend> {
    return this.#frontends;
  }

  /** What was left out, a sentence each. */
  get notes(): readonly string[] {
    return [...this.#notes.values()];
  }

  /** As an operator may see it. */
  state(): MaglevdState {
    return this.#state ??= {
      ...this.#status,
      frontends: [...this.#frontends.values()],
      backends: [...this.#backends.values()],
      healthchecks: this.#healthchecks,
      vpp: this.#vpp,
      ...(this.#lb === undefined ? {} : { lb: this.#lb }),
    };
  }

  /** Addresses of the backends that are drained. */
  draining(): ReadonlySet<string> {
    const addresses = new Set<string>();
    for (const { intent, address } of this.#backends.values()) {
      if (intent?.kind === "drain") addresses.add(address);
    }
    return addresses;
  }

  /** Frontends in which a backend is. */
  frontendsOf(backend: string): readonly string[] {
    return this.#users.get(backend) ?? [];
  }

  /** True when VPP was read after the frontend's last change could have reached it. */
  isSettled(frontend: string): boolean {
    const changedMs = this.#changedMs.get(frontend) ?? -Infinity;
    return this.#lb !== undefined && this.#lb.read_ms - changedMs >= SETTLE_MS;
  }

  /** Unix time of the maglevd's clock as an instant of our steady clock. */
  toSteady(ms: number, { nowMs, wallMs }: Now): number {
    return nowMs - (wallMs + (this.skew.valueMs ?? 0) - ms);
  }

  /** A sentence about what was left out, by its subject; empty: nothing was. */
  note(subject: string, sentence: string): void {
    if ((this.#notes.get(subject) ?? "") === sentence) return;
    if (sentence === "") this.#notes.delete(subject);
    else this.#notes.set(subject, sentence);
    this.#touch();
  }

  setStatus(status: MaglevdStatus): void {
    if (isEqual(status, this.#status)) return;
    this.#status = status;
    this.#touch();
    this.#emit({ type: "maglevd-status", status });
  }

  setVpp(vpp: VppStatus): void {
    const { calls_per_s } = this.#vpp;
    const next = calls_per_s === undefined ? vpp : { ...vpp, calls_per_s };
    if (isEqual(next, this.#vpp)) return;
    this.#vpp = next;
    this.#touch();
    this.#emit({ type: "vpp-status", vpp: next });
  }

  /** API calls of `spanMs`; the page gets them by the vpp-api event. */
  setVppCalls(calls: number, spanMs: number): void {
    const calls_per_s = Math.round((1000 * calls) / spanMs);
    this.#vpp = { ...this.#vpp, calls_per_s };
    this.#touch();
  }

  /** VPP's own state of the load balancer, as it was read. */
  setLb(message: messages.VPPLBState, { wallMs }: Now): void {
    const { state, note } = readLb(message, wallMs);
    const before = this.#lb;
    this.#lb = state;
    this.note("lb", note);
    this.#touch();
    const { vips, removed } = lbChange(before, state, this.draining());
    // The page judges a change by a reading that came after it, also when VPP did not follow.
    const awaited = [...this.#changedMs.values()].some((ms) => this.#lbSentMs - ms < SETTLE_MS);
    if (before !== undefined && !awaited && vips.length === 0 && removed.length === 0) return;
    this.#lbSentMs = wallMs;
    this.#emit({ type: "lb-state", read_ms: wallMs, vips, removed });
  }

  /**
   * Applies a backend's transition, from the stream. Returns false for an unknown backend: everything
   * should be read again.
   */
  backendEvent(name: string, record: messages.TransitionRecord, now: Now): boolean {
    const before = this.#backends.get(name);
    if (before === undefined) return false;
    const transition = transitionOf(record);
    // The replay reports a state; it is in the lists, unless it is newer.
    if (record.from === record.to) {
      return before.state === transition.to || transition.at_ms < before.since_ms;
    }
    this.histories.transition(name, {
      change: transition,
      atMs: transition.at_ms,
      nowMs: Math.min(now.nowMs, this.toSteady(transition.at_ms, now)),
    });
    const flaps = this.histories.flapsOf(name);
    const after = transition.at_ms < before.since_ms
      ? { ...before, flaps }
      : { ...afterTransition(before, transition, record.result?.layer !== ""), flaps };
    this.#putBackend(after);
    this.histories.note(name, stripOf(after.state, false));
    for (const frontend of this.frontendsOf(name)) this.#changedMs.set(frontend, now.wallMs);
    this.#emit({ type: "backend", backend: after, transition });
    return true;
  }

  /** The same of a frontend. */
  frontendEvent(name: string, record: messages.FrontendTransition, now: Now): boolean {
    const before = this.#frontends.get(name);
    if (before === undefined) return false;
    const [from, to] = [frontendState(record.from), frontendState(record.to)];
    if (record.from === record.to) return before.state === to;
    const after = { ...before, state: to };
    this.#putFrontend(after);
    this.#changedMs.set(name, now.wallMs);
    const transition = { from, to, at_ms: milliseconds(record.atUnixNs) };
    this.#emit({ type: "frontend", frontend: after, transition });
    return true;
  }

  /**
   * Applies the last result of a backend's probes, which the page gets by the probes event. Returns
   * false for an unknown backend.
   */
  probe(name: string, { result, counter, now: { nowMs } }: {
    readonly result: ProbeResult;
    /** After it. */
    readonly counter: number;
    readonly now: Now;
  }): boolean {
    const before = this.#backends.get(name);
    if (before === undefined) return false;
    this.#putBackend({ ...before, counter, last_result: result });
    this.histories.result(name, { ok: result.ok, code: result.code, atMs: nowMs });
    this.histories.note(name, stripOf(before.state, !result.ok));
    return true;
  }

  /** A backend as it was read after an event. */
  readBackend(after: Backend): void {
    const before = this.#backends.get(after.name);
    if (before === undefined) return;
    this.#putBackend(after);
    if (!sameBackend(before, after)) this.#emit({ type: "backend", backend: after });
  }

  readFrontend(after: Frontend, { wallMs }: Now): void {
    const before = this.#frontends.get(after.name);
    if (before === undefined || isEqual(before, after)) return;
    this.#putFrontend(after);
    this.#changedMs.set(after.name, wallMs);
    this.#emit({ type: "frontend", frontend: after });
  }

  /**
   * Everything as it was listed. `whole`: sent as one state in any case; else only when more changed
   * than single events should report.
   */
  readLists(lists: Lists, { newer, now, whole }: {
    readonly newer: Newer;
    readonly now: Now;
    readonly whole: boolean;
  }): void {
    const backends = merged(this.#backends, lists.backends.items, newer.backends);
    const frontends = merged(this.#frontends, lists.frontends.items, newer.frontends);
    const healthchecks = [...lists.healthchecks.items.values()];
    const isOther = !sameKeys(backends, this.#backends) || !sameKeys(frontends, this.#frontends) ||
      !isEqual(healthchecks, this.#healthchecks);
    const changed = {
      backends: changesOf(this.#backends, backends, sameBackend),
      frontends: changesOf(this.#frontends, frontends, isEqual),
    };
    for (const { name } of changed.frontends) this.#changedMs.set(name, now.wallMs);
    this.#backends = backends;
    this.#frontends = frontends;
    this.#healthchecks = healthchecks;
    if (isOther) this.#reindex();
    this.#status = { ...this.#status, refreshed_ms: now.wallMs };
    for (const [subject, { note }] of Object.entries(lists)) this.note(subject, note);
    this.#touch();
    const count = changed.backends.length + changed.frontends.length;
    if (whole || isOther || count > MAX_SINGLE_CHANGES) {
      this.#emit({ type: "maglevd-state", state: this.state() });
      return;
    }
    for (const backend of changed.backends) this.#emit({ type: "backend", backend });
    for (const frontend of changed.frontends) this.#emit({ type: "frontend", frontend });
    this.#emit({ type: "maglevd-status", status: this.#status });
  }

  /** What the maglevd remembers of a backend. */
  fillHistory(name: string, transitions: readonly Transition[], now: Now): void {
    const changes = transitions.filter(({ from, to }) => from !== to);
    this.histories.fill(name, changes, (ms) => this.toSteady(ms, now));
    const backend = this.#backends.get(name);
    if (backend !== undefined) this.#countFlaps(backend);
  }

  /** Fills slots that were not observed with the present state, as far back as it lasted. */
  fillStates(now: Now): void {
    for (const { name, state, since_ms } of this.#backends.values()) {
      this.histories.fillState(name, {
        character: stripOf(state, false),
        fromMs: this.toSteady(since_ms, now),
        untilMs: now.nowMs,
      });
    }
  }

  /** Time goes on: new slots begin. `watched`: the states are known to be so now. */
  tick(now: Now, watched: boolean): void {
    this.histories.advance(now.nowMs);
    for (const { name, state, last_result } of this.#backends.values()) {
      if (watched) this.histories.note(name, stripOf(state, last_result?.ok === false));
    }
    const counted = [...this.#backends.values()].filter(({ flaps }) => flaps > 0);
    for (const backend of counted) this.#countFlaps(backend);
  }

  #countFlaps(backend: Backend): void {
    const flaps = this.histories.flapsOf(backend.name);
    if (backend.flaps === flaps) return;
    this.#putBackend({ ...backend, flaps });
    this.#emit({ type: "backend", backend: { ...backend, flaps } });
  }

  #putBackend(backend: Backend): void {
    (this.#backends as Map<string, Backend>).set(backend.name, backend);
    this.#touch();
  }

  #putFrontend(frontend: Frontend): void {
    (this.#frontends as Map<string, Frontend>).set(frontend.name, frontend);
    this.#touch();
  }

  #reindex(): void {
    const users = new Map<string, string[]>();
    for (const { name, pools } of this.#frontends.values()) {
      for (const { backends } of pools) {
        for (const { name: backend } of backends) {
          const known = users.get(backend);
          if (known === undefined) users.set(backend, [name]);
          else if (known.at(-1) !== name) known.push(name);
        }
      }
    }
    this.#users = users;
    for (const name of this.#changedMs.keys()) {
      if (!this.#frontends.has(name)) this.#changedMs.delete(name);
    }
    this.histories.keep(this.#backends.keys());
  }

  #touch(): void {
    this.#revision++;
    this.#state = undefined;
  }
}
