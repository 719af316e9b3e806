/**
 * The page's state and what changes it: loads the state, follows the stream, applies events once a
 * frame, keeps address, cookie and storage in step. Components read it and call its functions.
 */
import { type Accessor, batch, createSignal } from "solid-js";
import type { DashboardEvent, Fleet, State } from "../protocol.ts";
import { Announcer } from "./announcer.ts";
import { append, lineOf, type LogLine } from "./model/event_log.ts";
import { advanceStrips, applyHistory, applyToLb, createLb, type Lb } from "./model/lb.ts";
import { type Liveness, livenessOf } from "./model/liveness.ts";
import type { Wish } from "./model/plan_words.ts";
import { parseBase } from "./model/url_state.ts";
import { Navigation } from "./navigation.ts";
import { Api } from "./stream/api.ts";
import { BROWSER } from "./stream/browser.ts";
import type { Phase } from "./stream/connection.ts";
import { Link } from "./stream/link.ts";
import { parsePosition, type SseEvent } from "./stream/sse.ts";
import { Triggers } from "./triggers.ts";

/** States are not loaded in quicker succession. */
const LOAD_GAP_MS = 1000;
const MAX_LOAD_GAP_MS = 15_000;
/** Clocks that differ by more than when the state came: this one was set, or the machine slept. */
const CLOCK_MOVED_MS = 1000;
/** Strips and rates that could not be loaded are loaded after this time. */
const HISTORY_AGAIN_MS = 5000;

export class Page {
  readonly admin: boolean;
  readonly api: Api;
  readonly navigation: Navigation;
  /** The browser's clock, once a second. */
  readonly tickMs: Accessor<number>;
  readonly liveness: Accessor<Liveness>;
  readonly lines: Accessor<readonly LogLine[]>;
  readonly announcement: Accessor<string>;
  /** True: the server was upgraded since the page was loaded. */
  readonly outdated: Accessor<boolean>;
  /** The action that waits for a confirmation. */
  readonly wish: Accessor<Wish | undefined>;
  readonly setWish: (wish: Wish | undefined) => void;
  /** The load balancers compared; undefined: there is one only, or they are not compared yet. */
  readonly fleet: Accessor<Fleet | undefined>;
  readonly #setFleet: (fleet: Fleet | undefined) => void;
  readonly #triggers = new Triggers();
  readonly #lbs = new Map<string, Lb>();
  readonly #link: Link;
  readonly #set: {
    readonly tickMs: (ms: number) => void;
    readonly liveness: (liveness: Liveness) => void;
    readonly lines: (lines: readonly LogLine[]) => void;
    readonly announcement: (text: string) => void;
    readonly outdated: (outdated: boolean) => void;
  };
  #version: string | undefined;
  #epoch = "";
  #seq = 0;
  #loading = false;
  #loadFailures = 0;
  #loadAtMs: number | undefined = 0;
  /** Since when what is shown is known to lack something; undefined: it does not. */
  #lackingMs: number | undefined;
  #loadedMs = 0;
  /** Name of the load balancer whose history was requested last; empty: of none. */
  #historyOf = "";
  #historyAttempt = 0;
  /** The dashboard's clock minus the browser's. */
  #offsetMs = 0;
  /** The browser's wall clock minus its steady one, when the offset was taken. */
  #clockMs = 0;
  #phase: Phase = { kind: "connecting" };
  #heardMs = 0;
  #liveMs = 0;
  #pending: DashboardEvent[] = [];
  /** A frame was requested and has not come yet. */
  #frame = false;
  #lineId = 0;
  readonly #announcer = new Announcer(() => BROWSER.steadyMs());

  constructor() {
    const base = parseBase(location.pathname);
    this.admin = base.admin;
    this.api = new Api(location.origin, base);
    this.navigation = new Navigation(base.prefix, () => this.lbNames());
    const [tickMs, setTickMs] = createSignal(BROWSER.nowMs());
    const [liveness, setLiveness] = createSignal<Liveness>({ kind: "loading" });
    const [lines, setLines] = createSignal<readonly LogLine[]>([]);
    const [announcement, setAnnouncement] = createSignal("");
    const [outdated, setOutdated] = createSignal(false);
    [this.wish, this.setWish] = createSignal<Wish | undefined>();
    [this.fleet, this.#setFleet] = createSignal<Fleet | undefined>();
    this.tickMs = tickMs;
    this.liveness = liveness;
    this.lines = lines;
    this.announcement = announcement;
    this.outdated = outdated;
    this.#set = {
      tickMs: setTickMs,
      liveness: setLiveness,
      lines: setLines,
      announcement: setAnnouncement,
      outdated: setOutdated,
    };
    this.#link = new Link(this.api.eventsUrl, {
      events: (events) => this.#receive(events),
      phase: (phase, heardMs) => this.#setPhase(phase, heardMs),
      resync: () => this.#reload(),
    });
    this.navigation.onScope = () => this.#scopeChanged();
    BROWSER.every(1000, () => this.#tick());
    document.addEventListener("visibilitychange", () => {
      // The frame that was requested before comes only when the page is seen again.
      this.#frame = false;
      this.#flush();
    });
    void this.#load();
  }

  // Reading

  /** Names of the maglevds, in order; empty until the state has been loaded. */
  lbNames(): readonly string[] {
    this.#triggers.track("lbs");
    return [...this.#lbs.keys()];
  }

  /** The load balancers, in order. Their parts are tracked by track(). */
  lbs(): readonly Lb[] {
    this.#triggers.track("lbs");
    return [...this.#lbs.values()];
  }

  lb(name: string): Lb | undefined {
    this.#triggers.track("lbs");
    return this.#lbs.get(name);
  }

  /** The running computation depends on this part of a load balancer; see Touch. */
  track(lb: string, part: string): void {
    this.#triggers.track(`${lb}\0${part}`);
  }

  /** The dashboard's clock, once a second. */
  nowMs(): number {
    return this.tickMs() + this.#offsetMs;
  }

  /** The clock of a maglevd, once a second: what its times are compared with. */
  lbNowMs(lb: Lb): number {
    this.track(lb.name, "status");
    return this.nowMs() + (lb.status.clock_skew_ms ?? 0);
  }

  /** True while actions make sense: what is shown is live, and the maglevd is there. */
  canAct(lb: Lb): boolean {
    this.track(lb.name, "status");
    return this.admin && this.liveness().kind === "live" && lb.status.connected &&
      lb.status.role !== "viewer";
  }

  // Acting

  retry(): void {
    if (this.#loadAtMs !== undefined) void this.#load();
    this.#link.retry();
  }

  /** What is shown may be wrong: the state is loaded again. */
  refresh(): void {
    this.#reload();
  }

  /** Takes over what an action answered, before the stream brings it. */
  applyAnswer(lb: string, events: readonly DashboardEvent[]): void {
    if (this.#lbs.has(lb)) this.#apply(events);
  }

  /** An event that did not come by the stream, with the dashboard's time. */
  eventTimeMs(): number {
    return BROWSER.nowMs() + this.#offsetMs;
  }

  // Loading

  async #load(): Promise<void> {
    if (this.#loading) return;
    this.#loading = true;
    this.#loadAtMs = undefined;
    this.#loadedMs = BROWSER.nowMs();
    try {
      const state = await this.api.state();
      this.#loadFailures = 0;
      this.#take(state);
    } catch (error) {
      const gapMs = Math.min(MAX_LOAD_GAP_MS, LOAD_GAP_MS * 2 ** this.#loadFailures++);
      this.#loadAtMs = BROWSER.nowMs() + gapMs;
      this.#set.liveness({
        kind: "stale",
        reason: error instanceof Error ? error.message : String(error),
        retryAtMs: this.#loadAtMs,
        heardMs: this.#heardMs,
      });
    } finally {
      this.#loading = false;
    }
  }

  /** Loads the state again, but not more often than once a second. */
  #reload(): void {
    this.#lackingMs ??= BROWSER.nowMs();
    this.#loadAtMs ??= Math.max(BROWSER.nowMs(), this.#loadedMs + LOAD_GAP_MS);
    if (this.#loadAtMs <= BROWSER.nowMs()) void this.#load();
  }

  #take(state: State): void {
    // What came before this state must not be applied after it.
    this.#flush();
    this.#version ??= state.version;
    this.#epoch = state.epoch;
    this.#seq = state.seq;
    this.#offsetMs = state.now_ms - BROWSER.nowMs();
    this.#clockMs = BROWSER.nowMs() - BROWSER.steadyMs();
    this.#heardMs = BROWSER.nowMs();
    this.#historyOf = "";
    this.#lackingMs = undefined;
    batch(() => {
      if (state.version !== this.#version) this.#set.outdated(true);
      this.#setFleet(state.fleet);
      const same = [...this.#lbs.keys()].join("\0") ===
        state.maglevds.map(({ name }) => name).join("\0");
      if (same) {
        this.#apply(state.maglevds.map((maglevd) => ({
          type: "maglevd-state",
          maglevd: maglevd.name,
          t_ms: state.now_ms,
          state: maglevd,
        })));
      } else {
        this.#lbs.clear();
        for (const maglevd of state.maglevds) this.#lbs.set(maglevd.name, createLb(maglevd));
        for (const lb of this.#lbs.values()) this.#announcer.look(lb);
        this.#triggers.fire("lbs");
        this.navigation.settle();
      }
      this.#link.show(this.#shown());
      this.#link.join({ epoch: state.epoch, seq: state.seq });
      this.#judge();
    });
    this.#loadHistory();
  }

  /** Names of the maglevds that this page shows. */
  #shown(): readonly string[] {
    const scope = this.navigation.scope();
    return this.#lbs.has(scope) ? [scope] : [];
  }

  /** Another load balancer is shown than before. */
  #scopeChanged(): void {
    this.#link.show(this.#shown());
    this.#loadHistory();
  }

  #loadHistory(): void {
    const scope = this.navigation.scope();
    const lb = this.#lbs.get(scope);
    if (lb === undefined || this.#historyOf === scope) return;
    this.#historyOf = scope;
    const attempt = ++this.#historyAttempt;
    this.api.history(scope).then((history) => {
      // Only the latest request counts.
      if (this.#historyAttempt !== attempt || this.#lbs.get(scope) !== lb) return;
      batch(() => applyHistory(lb, history, this.#touch(scope)));
    }, () => {
      // Until then strips and charts begin now.
      BROWSER.after(HISTORY_AGAIN_MS, () => {
        if (this.#historyAttempt !== attempt) return;
        this.#historyOf = "";
        this.#loadHistory();
      });
    });
  }

  // Events

  #touch(lb: string): (part: string) => void {
    return (part) => this.#triggers.fire(`${lb}\0${part}`);
  }

  #receive(events: readonly SseEvent[]): void {
    for (const { id, type, data } of events) {
      if (type === "resync") {
        this.#reload();
        continue;
      }
      const position = parsePosition(id);
      if (position !== undefined) {
        if (position.epoch !== this.#epoch) {
          this.#reload();
          continue;
        }
        if (position.seq <= this.#seq) continue;
        this.#seq = position.seq;
      }
      try {
        this.#pending.push(JSON.parse(data));
      } catch {
        this.#reload();
      }
    }
    if (this.#frame) return;
    this.#frame = true;
    const flush = () => {
      this.#frame = false;
      this.#flush();
    };
    // A hidden page gets no frames, and its title is to be true all the same.
    if (document.visibilityState === "visible") requestAnimationFrame(flush);
    else BROWSER.after(1000, flush);
  }

  /** Applies the events that wait for the next frame. */
  #flush(): void {
    if (this.#pending.length === 0) return;
    const pending = this.#pending;
    this.#pending = [];
    this.#apply(pending);
  }

  /** Applies events in one go, so that each part is drawn once. */
  #apply(events: readonly DashboardEvent[]): void {
    const lines: LogLine[] = [];
    const fired = new Set<string>();
    batch(() => {
      for (const event of events) {
        if (event.type === "fleet") this.#setFleet(event.fleet);
        if (event.type === "fleet" || event.type === "resync") continue;
        if (event.type === "log" || event.type === "backend" || event.type === "frontend") {
          const line = lineOf(event, this.#lineId++);
          if (line !== undefined) lines.push(line);
        }
        const lb = this.#lbs.get(event.maglevd);
        if (lb === undefined || event.type === "log") continue;
        applyToLb(lb, event, (part) => fired.add(`${lb.name}\0${part}`));
        this.#announcer.note(event, lb);
      }
      for (const part of fired) this.#triggers.fire(part);
      if (lines.length > 0) this.#set.lines(append(this.lines(), lines));
    });
  }

  // Time

  #setPhase(phase: Phase, heardMs: number): void {
    this.#phase = phase;
    if (phase.kind === "live") {
      this.#heardMs = Math.max(heardMs, this.#heardMs);
      this.#liveMs = BROWSER.nowMs();
    }
    this.#judge();
  }

  #judge(): void {
    // Without a state the loader reports for itself.
    if (this.#epoch === "" || this.#loadFailures > 0) return;
    const before = this.liveness();
    const facts = {
      phase: this.#phase,
      heardMs: this.#heardMs,
      liveMs: this.#liveMs,
      lackingMs: this.#lackingMs,
    };
    const after = livenessOf(facts, before, BROWSER.nowMs());
    if (after !== before) this.#set.liveness(after);
  }

  #tick(): void {
    const now = BROWSER.nowMs();
    // A frame may not come, and events must not be collected without end.
    this.#flush();
    batch(() => {
      this.#set.tickMs(now);
      this.#judge();
      const live = this.liveness().kind === "live";
      for (const lb of this.#lbs.values()) {
        advanceStrips(lb, { nowMs: now + this.#offsetMs, live, touch: this.#touch(lb.name) });
      }
      const text = this.#announcer.due(this.#lbs.size > 1);
      if (text !== undefined) this.#set.announcement(text);
    });
    const clockMs = now - BROWSER.steadyMs();
    if (this.#epoch !== "" && Math.abs(clockMs - this.#clockMs) > CLOCK_MOVED_MS) {
      // Every age on the page comes from the difference of two clocks, and a state brings it.
      this.#clockMs = clockMs;
      this.#lackingMs = this.#loadAtMs = now;
    }
    if (this.#loadAtMs !== undefined && now >= this.#loadAtMs) void this.#load();
  }
}
