/**
 * This load balancer's part in a rollout: puts the file in force when its wave is open, the file has
 * the hash, and its plan is within the gates; judges itself afterwards; and takes the fleet a step
 * further when all gates are green. A red gate stops the rollout and undoes nothing.
 *
 * Nothing begins while the store is away, because a stop could not be heard.
 */
import { later, type MonotonicMs, type WallMs } from "../../../base/instant.ts";
import type { Clock, Logger } from "../../../base/ports.ts";
import { type Place, ROLLOUT } from "../../book/keys.ts";
import type { FleetStore, StoredValue, StoreWrite } from "../../book/store.ts";
import type { AnswerState, Prints, RolloutAnswer } from "../../book/rollout/answer.ts";
import { MAX_ANSWER_NOTE } from "../../book/rollout/answer.ts";
import {
  fleetGate,
  missingOf,
  type PlannedVip,
  planRefusal,
  type RolloutLb,
} from "../../book/rollout/gate.ts";
import { decodeRollout, encodeRollout, isLive, type Rollout } from "../../book/rollout/rollout.ts";
import { waveOf } from "../../book/rollout/waves.ts";
import { type Condition, redNote, RESTARTED, SETTLING } from "./own_gates.ts";

/** A file that is not there yet is looked at so often. */
export const LOOK_MS = 5000;
/** After a reload the gates are judged for so long before they can be green. */
export const SETTLE_MS = 20_000;
/** A gate that may be red for a moment is red for good after this time. */
export const LASTING_MS = 60_000;
/** A plan that no longer holds is made again so often. */
const MAX_PLANS = 5;
/** A rollout that is over is removed after this time. */
export const KEPT_MS = 30 * 24 * 3_600_000;

/** The effect that a reload would have now. */
export type PlannedReload =
  | {
    readonly kind: "planned";
    /** Of the file. */
    readonly hash: string;
    readonly planHash: string;
    readonly vips: readonly PlannedVip[];
    /** Why a reload without the plan's hash would be refused; empty: it would not. */
    readonly overLimit: string;
  }
  | { readonly kind: "invalid"; readonly reason: string };

/** The result of a reload. */
export type Reload =
  | { readonly kind: "done" }
  /** Something changed since the plan, or the permission is gone. */
  | { readonly kind: "changed" }
  | { readonly kind: "failed"; readonly reason: string };

/** The configuration of this load balancer. Calls resolve in bounded time, and never reject. */
export interface RolloutPort {
  /** SHA-256 of the configuration in force. */
  hash(): string;
  /** SHA-256 of the file, or why it cannot be read. */
  fileHash(): Promise<{ readonly hash: string } | { readonly problem: string }>;
  plan(): Promise<PlannedReload>;
  /** Keeps the file in force for revert(), and reloads, if `isAllowed` then. */
  apply(planHash: string, options: ApplyOptions): Promise<Reload>;
  /** Puts the file in force that was there before `hash`. */
  revert(hash: string, isAllowed: () => boolean): Promise<Reload>;
  condition(): Condition;
}

export interface ApplyOptions {
  /** Of the file that comes. */
  readonly hash: string;
  readonly isAllowed: () => boolean;
}

export interface FollowerOptions {
  readonly place: Place;
  readonly store: Pick<FleetStore, "write">;
  readonly port: RolloutPort;
  /** The fleet's load balancers, with their answers. */
  readonly lbs: () => readonly RolloutLb[];
  /** The condition that the store is the one that is believed. */
  readonly ifValue: () => StoreWrite["ifValue"];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when the answer may have changed. */
  readonly onChange: () => void;
}

/** What became of a rollout here; replaced whole. */
interface Here {
  readonly id: string;
  readonly state: AnswerState;
  readonly note: string;
  readonly hash: string;
  readonly before: Prints;
  /** Frontends that servers served before the reload; undefined: not known, after a restart. */
  readonly served: ReadonlySet<string> | undefined;
  /** The gates are not green before this time. */
  readonly settledMs: MonotonicMs;
  readonly plans: number;
  readonly nextLookMs: MonotonicMs;
}

/** A rollout as the store has it. */
interface Known {
  readonly rollout: Rollout;
  readonly revision: number;
}

export class RolloutFollower {
  readonly #options: FollowerOptions;
  #known: Known | undefined;
  #here: Here | undefined;
  #isUp = false;
  #busy = false;
  #writing = false;
  /** The store was believed, and its rollout was seen, in this process. */
  #wasUp = false;
  /** Since when all gates are green, and since when pairs of load balancers differ. */
  #greenMs: MonotonicMs | undefined;
  #red: ReadonlyMap<string, MonotonicMs> = new Map();
  #condition: Condition | undefined;
  #conditionMs: MonotonicMs | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  get rollout(): Rollout | undefined {
    return this.#known?.rollout;
  }

  /** What this load balancer publishes; undefined: there is no rollout. */
  get answer(): RolloutAnswer | undefined {
    if (this.#here === undefined || this.#known === undefined) return undefined;
    const { id, state, note, before } = this.#here;
    const now = isLive(this.#known.rollout) ? this.#condition?.prints ?? before : before;
    return { id, state, note: note.slice(0, MAX_ANSWER_NOTE), now, before };
  }

  /** The key of the rollout in a store that is believed; undefined: it is absent. */
  take(stored: StoredValue | undefined): void {
    const { logger } = this.#options;
    const before = this.#known;
    if (stored === undefined) {
      this.#known = undefined;
      this.#here = undefined;
      return;
    }
    if (stored.revision === before?.revision) return;
    const rollout = decodeRollout(stored.text);
    if (rollout === undefined) {
      logger.warn("fleet-rollout", { state: "ignored", message: "its value cannot be read" });
      this.#known = undefined;
      this.#here = undefined;
      return;
    }
    this.#known = { rollout, revision: stored.revision };
    if (this.#here?.id !== rollout.id) this.#here = this.#begun(rollout);
    const { id, hash, state, wave, waves, note } = rollout;
    const last = before?.rollout;
    if (last?.id === id && last.state === state && last.wave === wave) return;
    [this.#greenMs, this.#red] = [undefined, new Map()];
    const fields = { id, hash, state, wave: wave + 1, waves: waves.length, message: note };
    if (state === "refused") logger.warn("fleet-rollout", fields);
    else logger.info("fleet-rollout", fields);
  }

  /** To be called once a second; `isUp`: the store answers and is believed. */
  tick(isUp: boolean): void {
    this.#isUp = isUp;
    const known = this.#known;
    this.#wasUp ||= isUp;
    if (!isUp) [this.#greenMs, this.#red] = [undefined, new Map()];
    if (!isUp || known === undefined || this.#here === undefined) return;
    if (isLive(known.rollout)) this.#look();
    if (known.rollout.state === "open") this.#open(known);
    else if (known.rollout.state === "reverting") this.#reverting(known);
    else this.#over(known);
  }

  #begun({ id, hash }: Rollout): Here {
    const before = this.#here;
    const nowMs = this.#options.clock.monotonicMs();
    const state = { id, hash, state: "closed", note: "", plans: 0, nextLookMs: nowMs } as const;
    const hasIt = this.#options.port.hash() === hash;
    const here = { ...state, ...this.#baseline() };
    if (!hasIt) return here;
    // A rollout that begins again must not forgive what stopped the former one.
    if (before?.hash === hash) return { ...here, before: before.before, served: before.served };
    return this.#wasUp ? here : { ...here, served: undefined };
  }

  /** How this load balancer is now, for the comparison with how it is after a reload. */
  #baseline(): Pick<Here, "before" | "served" | "settledMs"> {
    this.#conditionMs = undefined;
    this.#look();
    const { served, prints } = this.#condition!;
    const settledMs = later(this.#options.clock.monotonicMs(), SETTLE_MS);
    return { before: prints, served: new Set(served), settledMs };
  }

  /** Makes fingerprints, at most once in LOOK_MS. */
  #look(): void {
    const { clock, port } = this.#options;
    const nowMs = clock.monotonicMs();
    if (this.#conditionMs !== undefined && nowMs < later(this.#conditionMs, LOOK_MS)) return;
    this.#conditionMs = nowMs;
    this.#condition = port.condition();
  }

  #to(next: Partial<Omit<Here, "id">>): void {
    const before = this.#here!;
    this.#here = { ...before, ...next };
    if (before.state === this.#here.state && before.note === this.#here.note) return;
    this.#options.onChange();
  }

  #open(known: Known): void {
    const { place, port, clock } = this.#options;
    const { rollout } = known;
    const here = this.#here!;
    if (this.#busy) return;
    if (here.state === "refused") {
      return void this.#step(known, { state: "refused", note: `${place.lb}: ${here.note}` });
    }
    const wave = waveOf(place, rollout.waves);
    if (port.hash() === rollout.hash) this.#applied();
    else if (wave === undefined) this.#to({ state: "closed", note: "it is in no wave" });
    else if (wave > rollout.wave) this.#to({ state: "closed", note: "" });
    else if (clock.monotonicMs() >= here.nextLookMs) void this.#attempt(rollout);
    this.#further(known);
  }

  /** Judges this load balancer, which has the configuration in force. */
  #applied(): void {
    const here = this.#here!;
    if (here.served === undefined) return this.#to({ state: "applied", note: RESTARTED });
    const nowMs = this.#options.clock.monotonicMs();
    const note = redNote(this.#condition!, here.served);
    if (note === undefined) {
      const isSettled = nowMs >= here.settledMs;
      return this.#to({ state: "applied", note: isSettled ? "" : SETTLING });
    }
    if (here.state !== "applied" || here.note !== note) {
      return this.#to({ state: "applied", note, nextLookMs: later(nowMs, LASTING_MS) });
    }
    if (nowMs >= here.nextLookMs) this.#to({ state: "refused", note });
  }

  /** The steps of the fleet that any load balancer may take. */
  #further(known: Known): void {
    const { rollout } = known;
    const { clock, lbs } = this.#options;
    const nowMs = clock.monotonicMs();
    const gate = fleetGate(rollout, lbs());
    this.#greenMs = gate.kind === "green" ? this.#greenMs ?? nowMs : undefined;
    const pairs = gate.kind === "differs" ? gate.pairs : [];
    this.#red = new Map(pairs.map(({ key }) => [key, this.#red.get(key) ?? nowMs]));
    const lasting = pairs.find(({ key }) => nowMs >= later(this.#red.get(key)!, LASTING_MS));
    if (lasting !== undefined) {
      return void this.#step(known, { state: "refused", note: lasting.note });
    }
    if (this.#greenMs === undefined) return;
    const { gates: { bakeMs }, wave, waves } = rollout;
    const isLast = wave === waves.length - 1;
    if (bakeMs === undefined ? !isLast : nowMs < later(this.#greenMs, bakeMs)) return;
    const note = bakeMs === undefined
      ? "all load balancers have it"
      : `all gates were green for ${bakeMs / 1000} s`;
    void this.#step(known, isLast ? { state: "done", note } : { wave: wave + 1, note });
  }

  async #attempt(rollout: Rollout): Promise<void> {
    this.#busy = true;
    this.#to({ nextLookMs: later(this.#options.clock.monotonicMs(), LOOK_MS) });
    const next = await this.#applyIfDue(rollout);
    this.#busy = false;
    if (this.#here?.id !== rollout.id) return;
    this.#to(next);
  }

  async #applyIfDue(
    rollout: Rollout,
  ): Promise<Partial<Pick<Here, "state" | "note" | "plans" | "settledMs">>> {
    const { port } = this.#options;
    const { hash, gates, id } = rollout;
    const isAllowed = () => this.#allows(rollout, "open");
    const file = await port.fileHash();
    if ("problem" in file) return { state: "waiting", note: file.problem };
    if (file.hash !== hash) {
      return { state: "waiting", note: `its file has hash ${file.hash.slice(0, SHORT)}` };
    }
    if (!isAllowed()) return {};
    this.#to({ state: "applying", note: "" });
    const plan = await port.plan();
    if (this.#here?.id !== id) return {};
    if (plan.kind === "invalid") return { state: "refused", note: plan.reason };
    if (plan.hash !== hash) return { state: "waiting", note: "its file changes" };
    const refusal = planRefusal(plan, gates);
    if (refusal !== undefined) return { state: "refused", note: refusal };
    this.#to(this.#baseline());
    const reload = await port.apply(plan.planHash, { hash, isAllowed });
    if (reload.kind === "failed") return { state: "refused", note: reload.reason };
    if (reload.kind === "done") {
      this.#conditionMs = undefined;
      return { settledMs: later(this.#options.clock.monotonicMs(), SETTLE_MS) };
    }
    if (!isAllowed()) return { state: "waiting", note: "" };
    const plans = (this.#here?.plans ?? 0) + 1;
    const note = "what it planned no longer holds";
    return { state: plans >= MAX_PLANS ? "refused" : "waiting", note, plans };
  }

  #allows({ id, wave }: Rollout, state: Rollout["state"]): boolean {
    const rollout = this.#known?.rollout;
    return this.#isUp && rollout?.id === id && rollout.state === state && rollout.wave >= wave;
  }

  #reverting(known: Known): void {
    const { port, clock, lbs } = this.#options;
    const { rollout } = known;
    if (this.#busy) return;
    if (port.hash() !== rollout.hash) {
      if (this.#here!.state !== "reverted") this.#to({ state: "reverted", note: "" });
    } else if (
      clock.monotonicMs() >= this.#here!.nextLookMs ||
      this.#here!.state !== "unreverted"
    ) {
      void this.#undo(rollout);
    }
    const all = lbs();
    if (all.some(({ configHash }) => configHash === rollout.hash)) return;
    if (missingOf(rollout, all).length > 0) return;
    void this.#step(known, { state: "reverted", note: "no load balancer has it" });
  }

  async #undo(rollout: Rollout): Promise<void> {
    const { clock, port } = this.#options;
    const { hash, id } = rollout;
    this.#busy = true;
    const reload = await port.revert(hash, () => this.#allows(rollout, "reverting"));
    this.#busy = false;
    if (this.#here?.id !== id) return;
    const nextLookMs = later(clock.monotonicMs(), LOOK_MS);
    if (reload.kind === "changed") {
      const note = "its former file was not put in force; it tries again";
      return this.#to({ state: "unreverted", note, nextLookMs });
    }
    if (reload.kind === "failed") {
      return this.#to({ state: "unreverted", note: reload.reason, nextLookMs });
    }
    this.#to({ state: "reverted", note: "its file on disk is still the new one", nextLookMs });
  }

  #over(known: Known): void {
    const { rollout: { stepMs, state } } = known;
    if (this.#options.clock.wallMs() - stepMs > KEPT_MS) {
      void this.#write(known, undefined);
    }
    const { port } = this.#options;
    if (state === "done" && port.hash() === known.rollout.hash) {
      this.#to({ state: "applied", note: "" });
    }
  }

  async #step(
    known: Known,
    change: Pick<Rollout, "note"> & Partial<Pick<Rollout, "state" | "wave">>,
  ): Promise<void> {
    const stepMs = Math.floor(this.#options.clock.wallMs()) as WallMs;
    await this.#write(known, encodeRollout({ ...known.rollout, ...change, stepMs }));
  }

  /** One compare-and-set; of load balancers that try it one succeeds, and all see the outcome. */
  async #write({ revision }: Known, text: string | undefined): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    const { store, ifValue } = this.#options;
    await store.write({ key: ROLLOUT, text, ifRevision: revision, ifValue: ifValue() });
    this.#writing = false;
  }
}

/** Digits of a hash that are shown. */
export const SHORT = 12;
