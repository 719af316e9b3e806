/**
 * This load balancer as a member of a fleet: follows the shared intents, obeys them (obedience.ts),
 * and takes requests for new ones (requests.ts).
 *
 * All of them, also those of this load balancer's own operators, are obeyed through the store's
 * changes and in their order. While the store is away, or is not believed, the book in force stays.
 */
import type { WallMs } from "../../base/instant.ts";
import type { Clock, Logger, Timer } from "../../base/ports.ts";
import type { Checker } from "../../checker/checker.ts";
import {
  type Book,
  EMPTY_BOOK,
  ignoredOf,
  judge,
  type Mirror,
  tombstonesOf,
  type Verdict,
} from "../book/book.ts";
import { type KeptBook, keyedWishesOf } from "../book/file.ts";
import type { FrontendShift } from "../book/foretold.ts";
import type { KeyedWish, Step } from "../book/guard.ts";
import { lbOfKey, META, type Place, placeOfKey, ROLLOUT, scopeOfKey } from "../book/keys.ts";
import type {
  FleetStore,
  StoreChange,
  StoredValue,
  StoreListener,
  StoreSnapshot,
} from "../book/store.ts";
import { type DrainHere, encodeMeta } from "../book/values.ts";
import type { BookDisk } from "./book_disk.ts";
import { BookKeeper, type Followed } from "./book_keeper.ts";
import { DrainReport } from "./drain_report.ts";
import { Ends } from "./ends.ts";
import { Obedience, type Present } from "./obedience.ts";
import type { RolloutFollower, RolloutPort } from "./rollout/follower.ts";
import { followerOf, rolloutView } from "./rollout/lbs.ts";
import { Roster } from "./roster.ts";
import { Unsettled } from "./unsettled.ts";
import type { FleetView, StoreState } from "./view.ts";

const TICK_MS = 1000;
const MAX_ENDED = 100;

/** The traffic of this load balancer, as intents change it. */
export interface FleetTraffic {
  /** The frontends whose new flows move between two sets of intents. */
  readonly foresee: (change: Step) => readonly FrontendShift[];
  /** Progress of these drains. */
  readonly drains: (obeyed: readonly KeyedWish[]) => readonly DrainHere[];
}

export interface FleetMemberOptions {
  readonly fleet: string;
  readonly place: Place;
  readonly version: string;
  readonly store: FleetStore;
  readonly checker: Pick<Checker, "current" | "fleet" | "subscribe" | "cancelIntent">;
  readonly traffic: FleetTraffic;
  /** SHA-256 of the configuration in force, in hexadecimal. */
  readonly configHash: () => string;
  /** Its configuration, for rollouts; absent: it takes no part in them. */
  readonly rollout?: RolloutPort | undefined;
  /** Absent: the book ends with the process. */
  readonly disk?: Pick<BookDisk, "save" | "close"> | undefined;
  readonly kept?: KeptBook | undefined;
  /** A new random name. */
  readonly newUuid: () => string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class FleetMember implements StoreListener {
  readonly options: FleetMemberOptions;
  readonly obedience: Obedience;
  readonly roster: Roster;
  readonly unsettled: Unsettled;
  readonly #keeper: BookKeeper;
  readonly #ends: Ends;
  readonly #drains: DrainReport;
  /** Undefined: without part in rollouts. */
  readonly rollout: RolloutFollower | undefined;
  #values = new Map<string, StoredValue>();
  #revision = 0;
  /** A snapshot arrived, and the store has answered since. */
  #isFollowed = false;
  #book: Book;
  #store: StoreState;
  #confirmedMs: WallMs | undefined;
  /** Called when the book or a member changed. */
  readonly #waiters = new Set<() => void>();
  #claiming = false;
  /** Revision of the last change that is not about a status: this one's own would have no end. */
  #applied: number;
  /** Identity of the content that went back, which stays foreign. */
  #wentBack: string | undefined;
  /** The store is not judged while its content is being written back. */
  #restoring = false;
  #timer: Timer | undefined;
  #unsubscribe: () => void = () => {};
  #stopped = false;

  constructor(options: FleetMemberOptions) {
    this.options = options;
    const { fleet, store, checker, place, clock, disk, kept, newUuid, logger } = options;
    const { foresee } = options.traffic;
    this.#book = kept?.book ?? EMPTY_BOOK;
    this.#confirmedMs = kept?.savedMs;
    this.#applied = this.#book.revision;
    this.#wentBack = kept?.wentBack;
    this.#store = { kind: "connecting", sinceMs: clock.wallMs() };
    this.obedience = new Obedience(
      { place, checker, foresee, clock, logger },
      kept?.obeyed ?? new Map(),
    );
    this.#drains = new DrainReport(clock);
    this.#keeper = new BookKeeper({ fleet, disk, clock });
    this.#ends = new Ends({ lb: place.lb, store, clock });
    this.unsettled = new Unsettled({ clock, logger });
    this.roster = new Roster({
      store,
      place,
      instance: newUuid(),
      clock,
      onChange: () => this.#wake(),
    });
    this.rollout = followerOf(this, () => this.#publish());
  }

  /** Call it when the checker runs. The intents of the book on disk are in force already. */
  start(): void {
    const { store, checker, clock } = this.options;
    this.#unsubscribe = checker.subscribe(({ kind }) => {
      // In a turn of its own: the checker is still publishing.
      if (kind === "reload") clock.after(0, () => this.#evaluate(true));
    });
    store.start(this);
    this.#arm();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#unsubscribe();
    this.#wake();
    await this.options.store.stop();
    await this.#keeper.close(this.#followed);
  }

  onSnapshot({ revision, values }: StoreSnapshot): void {
    this.#values = new Map(values.map((value) => [value.key, value]));
    this.#revision = revision;
    this.#isFollowed = true;
    this.roster.snapshot(values);
    this.#arrived();
  }

  onChanges(changes: readonly StoreChange[], revision: number): void {
    for (const { key, text, revision } of changes) {
      const value = text === undefined ? undefined : { key, text, revision };
      if (value === undefined) this.#values.delete(key);
      else this.#values.set(key, value);
      this.roster.change(key, value);
    }
    this.#revision = revision;
    const isStatus = changes.every(({ key }) => lbOfKey(key) !== undefined);
    if (isStatus && this.#store.kind === "ok") {
      this.#book = { ...this.#book, revision };
      this.#confirmedMs = this.options.clock.wallMs();
      return this.#wake();
    }
    this.#arrived();
  }

  onAway(reason: string): void {
    this.#isFollowed = false;
    this.#to({ kind: "away", reason });
    this.#wake();
  }

  onLeaseGone(): void {
    this.roster.leaseGone();
  }

  get store(): StoreState {
    return this.#store;
  }
  get book(): Book {
    return this.#book;
  }

  /** Resolves when the disk has the book as it is now: empty, or why it does not. */
  get stored(): Promise<string> {
    return this.#keeper.stored;
  }

  /** The store's keys as they are now. */
  get mirror(): Mirror {
    return { revision: this.#revision, values: this.#values };
  }

  get view(): FleetView {
    const { fleet, place } = this.options;
    const ended = [...tombstonesOf(this.#book)].sort((a, b) => b.revision - a.revision);
    return {
      fleet,
      place,
      store: this.#store,
      silentMs: this.#silentMs,
      revision: this.#applied,
      uuid: this.#book.meta?.uuid,
      confirmedMs: this.#confirmedMs,
      wishes: keyedWishesOf(this.#book).map((wish) => ({
        ...wish,
        here: this.obedience.here(wish, this.#present),
      })),
      ended: ended.slice(0, MAX_ENDED).map(({ key, ...rest }) => ({
        ...rest,
        scope: scopeOfKey(key) ?? "",
        target: placeOfKey(key),
      })),
      members: this.roster.members(),
      nameTaken: this.roster.namesake !== undefined,
      ignored: ignoredOf(this.#book),
      rollout: rolloutView(this),
    };
  }

  /** Resolves when `holds` does, or when `signal` is aborted. */
  async until(holds: () => boolean, signal: AbortSignal): Promise<void> {
    while (!holds() && !signal.aborted && !this.#stopped) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiters.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        this.#waiters.add(wake);
        signal.addEventListener("abort", wake);
      });
    }
  }

  /** The store's content is written from the book: it is not judged until finishRestore(). */
  beginRestore(): void {
    this.#restoring = true;
  }

  /** `meta` absent: nothing was changed. */
  finishRestore(meta: Book["meta"] | undefined): void {
    this.#restoring = false;
    if (meta !== undefined) this.#book = { ...this.#book, meta, revision: 0 };
    this.#arrived();
  }

  /** Drops the book: the store's content is believed as it is. What is obeyed stays until then. */
  forget(): void {
    this.#book = EMPTY_BOOK;
    this.#arrived();
  }

  #arrived(): void {
    if (this.#restoring || this.#stopped) return this.#wake();
    const verdict = this.#judge();
    switch (verdict.kind) {
      case "new":
        void this.#claim();
        break;
      case "foreign":
      case "suspect":
        this.#to({ kind: verdict.kind, reason: verdict.reason });
        break;
      case "believed":
        this.#book = verdict.book;
        this.#applied = verdict.book.revision;
        this.#confirmedMs = this.options.clock.wallMs();
        this.#to({ kind: "ok" });
        this.unsettled.settle(this.#book);
        this.rollout?.take(this.#values.get(ROLLOUT));
        this.#evaluate();
    }
    this.#wake();
  }

  /** What is to be believed: a content that went back stays foreign until an operator decides. */
  #judge(): Verdict {
    const verdict = judge(this.#book, this.mirror);
    const identity = this.#values.get(META)?.text ?? "";
    const isDecided = this.#book.meta === undefined || identity !== this.#wentBack;
    if (isDecided) this.#wentBack = verdict.kind === "foreign" ? identity : undefined;
    if (isDecided || verdict.kind !== "believed") return verdict;
    const { store } = this;
    const reason = store.kind === "foreign" ? store.reason : "it went back before a restart";
    return { kind: "foreign", reason };
  }

  /** Writes the identity of an unused store; of several load balancers the first succeeds. */
  async #claim(): Promise<void> {
    if (this.#claiming) return;
    this.#claiming = true;
    const { store, newUuid } = this.options;
    const text = encodeMeta({ uuid: newUuid(), restored: 0 });
    const outcome = await store.write({ key: META, text, ifRevision: 0 });
    this.#claiming = false;
    if (outcome.kind !== "refused" || this.#stopped) return;
    this.#to({ kind: "away", reason: `cannot write its identity (meta): ${outcome.reason}` });
  }

  /** Claims an unused store again, after an attempt that failed. */
  #claimDue(): void {
    const { kind } = this.#store;
    const isUnused = this.#revision > 0 && this.#book.meta === undefined &&
      !this.#values.has(META) && this.#isFollowed;
    if (kind !== "ok" && isUnused && !this.#restoring) void this.#claim();
  }

  /** `always`: the configuration changed. */
  #evaluate(always = false): void {
    if (this.#stopped) return;
    this.obedience.evaluate(this.#present, { always });
    this.#keeper.save(this.#followed);
    this.#publish();
  }

  #publish(): void {
    const { version, configHash, traffic } = this.options;
    const { obeyed, held, unfit } = this.obedience.decision;
    const applied = this.#applied;
    const drained = [...obeyed.values()].filter(({ intent }) => intent.kind === "drain");
    const drains = this.#drains.of(drained.length === 0 ? [] : traffic.drains(drained));
    const rollout = this.rollout?.answer;
    this.roster.publish({
      version,
      applied,
      configHash: configHash(),
      held,
      unfit,
      drains,
      rollout,
    });
    if (this.#store.kind === "ok") void this.roster.writeDue();
  }

  #arm(): void {
    this.#timer = this.options.clock.after(TICK_MS, () => {
      this.#evaluate();
      if (this.#store.kind === "ok") {
        const { clock } = this.options;
        this.#confirmedMs = clock.wallMs() - (this.#silentMs ?? 0) as WallMs;
        void this.#ends.tick(this.#book, this.metaCondition());
      }
      this.rollout?.tick(this.#store.kind === "ok");
      this.#claimDue();
      this.roster.forgetOld(this.options.clock.wallMs());
      this.unsettled.tick(this.#store.kind === "ok");
      if (!this.#stopped) this.#arm();
    });
  }

  /** The condition that the store is still the one that is believed. */
  metaCondition(): { readonly key: string; readonly text: string } | undefined {
    const stored = this.#values.get(META);
    return stored && { key: META, text: stored.text };
  }

  get #silentMs(): number | undefined {
    const { store: { heardMs }, clock } = this.options;
    return heardMs === undefined ? undefined : Math.max(clock.monotonicMs() - heardMs, 0);
  }

  get #present(): Present {
    return { book: this.#book, isStoreUp: this.#store.kind === "ok" };
  }

  get #followed(): Followed {
    const { obeyed } = this.obedience.decision;
    const [wentBack, confirmedMs] = [this.#wentBack, this.#confirmedMs];
    return { book: this.#book, obeyed, confirmedMs, wentBack };
  }

  #to(next: { readonly kind: StoreState["kind"]; readonly reason?: string }): void {
    const { kind, reason = "" } = next;
    const before = this.#store;
    const sameReason = !("reason" in before) || before.reason === reason;
    const sinceMs = before.kind === kind ? before.sinceMs : this.options.clock.wallMs();
    this.#store = { kind, reason, sinceMs };
    if (before.kind === kind && (sameReason || kind === "away")) return;
    const { logger, fleet } = this.options;
    if (kind === "ok") logger.info("fleet-store", { fleet, state: kind });
    else logger.warn("fleet-store", { fleet, state: kind, err: reason });
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake();
  }
}
