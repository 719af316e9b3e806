/** Loads the pages of an open history: the newest, again when something happened, and older ones. */
import type { TimelinePage } from "../protocol.ts";
import { type Timeline, withNewest, withOlder } from "./model/timeline.ts";
import type { TimelineTarget } from "./model/url_state.ts";

/** Newer records are looked for at most this often, when events came. */
const NEWER_MS = 2000;
/** After a failure. */
const AGAIN_MS = 5000;

export interface HistoryView {
  /** Undefined: nothing has been loaded. */
  readonly shown: Timeline | undefined;
  /** Why the last attempt failed; empty: it did not. */
  readonly error: string;
  readonly busy: boolean;
}

export interface HistoryPorts {
  /** The page of records before this one; undefined: the newest. */
  readonly load: (target: TimelineTarget, before: number | undefined) => Promise<TimelinePage>;
  /** Asking again is useless. */
  readonly isForGood: (error: unknown) => boolean;
  readonly show: (view: HistoryView) => void;
  /** A clock that is not set, in milliseconds. */
  readonly steadyMs: () => number;
}

export class HistoryLoader {
  readonly #ports: HistoryPorts;
  #view: HistoryView = { shown: undefined, error: "", busy: false };
  #target: TimelineTarget | undefined;
  #attempt = 0;
  #beganMs = 0;
  /** The newest event when the newest page was loaded. */
  #seen: unknown;
  #isForGood = false;

  constructor(ports: HistoryPorts) {
    this.#ports = ports;
  }

  /** Begins with the newest page. `newest`: the newest event, see tick(). */
  open(target: TimelineTarget, newest: unknown): Promise<void> {
    this.#target = target;
    this.#isForGood = false;
    this.#seen = newest;
    this.#set({ shown: undefined, error: "" });
    return this.#load(undefined);
  }

  /** Called now and then while the page is seen; `newest` is another value after each event. */
  tick(newest: unknown): void {
    const { busy, error, shown } = this.#view;
    // Between what is shown and the newest page there would be a gap.
    if (busy || this.#isForGood || shown?.isCutInFront) return;
    const gapMs = error !== "" ? AGAIN_MS : newest !== this.#seen ? NEWER_MS : Infinity;
    if (this.#ports.steadyMs() - this.#beganMs < gapMs) return;
    this.#seen = newest;
    void this.#load(undefined);
  }

  /** The page after the oldest record that is shown. */
  async older(): Promise<void> {
    const { shown, busy } = this.#view;
    if (shown?.before !== undefined && !busy) await this.#load(shown.before);
  }

  /** Only the newest page. */
  async newest(): Promise<void> {
    if (this.#target !== undefined) await this.open(this.#target, this.#seen);
  }

  close(): void {
    this.#attempt = -1;
  }

  async #load(before: number | undefined): Promise<void> {
    const mine = ++this.#attempt;
    this.#beganMs = this.#ports.steadyMs();
    this.#set({ busy: true });
    try {
      const page = await this.#ports.load(this.#target!, before);
      if (mine !== this.#attempt) return;
      const { shown: old } = this.#view;
      const shown = before === undefined || old === undefined
        ? withNewest(old, page)
        : withOlder(old, page);
      this.#set({ shown, error: "", busy: false });
    } catch (failure) {
      if (mine !== this.#attempt) return;
      this.#isForGood = this.#ports.isForGood(failure);
      const error = failure instanceof Error ? failure.message : String(failure);
      this.#set({ error, busy: false });
    }
  }

  #set(change: Partial<HistoryView>): void {
    this.#view = { ...this.#view, ...change };
    this.#ports.show(this.#view);
  }
}
