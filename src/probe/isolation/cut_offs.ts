/** Keeps which probing threads take themselves to be cut off, and logs it once for a namespace. */
import type { Logger } from "../../base/ports.ts";
import type { ProberView } from "../ports.ts";
import type { IsolationNews } from "./isolation.ts";

/** A probing thread. */
export interface ProbingThread {
  /** Unique; for log records. */
  readonly name: string;
  /** Empty: the daemon's own. */
  readonly netns: string;
}

/** A thread without enough of its targets. */
interface CutThread {
  readonly netns: string;
  readonly reason: string;
  /** Its failures count again, because max-hold is over. */
  readonly hasExpired: boolean;
}

export class CutOffs {
  readonly #log: Logger;
  /** By name of the thread. */
  readonly #threads = new Map<string, CutThread>();
  #settings = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Why the probers of a namespace take themselves to be cut off, or did so until max-hold; empty
   * while they do not.
   */
  partOf(netns: string): Pick<ProberView, "isolated" | "expired"> {
    const own = [...this.#threads.values()].filter((thread) => thread.netns === netns);
    const isolated = own.find(({ hasExpired }) => !hasExpired)?.reason;
    const expired = own.find(({ hasExpired }) => hasExpired)?.reason;
    return {
      ...(isolated === undefined ? {} : { isolated }),
      ...(expired === undefined ? {} : { expired }),
    };
  }

  /** The thread was replaced. */
  forget({ name }: ProbingThread): void {
    this.#threads.delete(name);
  }

  /** Number of the settings in force; news of earlier ones may still be under way. */
  get settings(): number {
    return this.#settings;
  }

  /** Others are in force now; returns their number. */
  clear(): number {
    this.#threads.clear();
    return ++this.#settings;
  }

  /** A thread has news of the settings with this number. */
  changed(
    { name, netns }: ProbingThread,
    { settings, news: { state, reason } }: {
      readonly settings: number;
      readonly news: IsolationNews;
    },
  ): void {
    if (settings !== this.#settings) return;
    const before = this.partOf(netns);
    this.#threads.delete(name);
    if (state === "isolated" || state === "expired") {
      this.#threads.set(name, { netns, reason, hasExpired: state === "expired" });
    }
    const after = this.partOf(netns);
    const where = { netns: netns === "" ? undefined : netns };
    if (state === "expired") {
      if (before.expired !== undefined) return;
      this.#log.error("prober-isolated-expired", {
        ...where,
        err: reason,
        message: "it was cut off for longer than max-hold: failures count from now on",
      });
    } else if (before.isolated === undefined && after.isolated !== undefined) {
      this.#log.error("prober-isolated", {
        ...where,
        err: reason,
        message: "the prober takes itself to be cut off: failures do not count, and states and " +
          "weights stay as they are",
      });
    } else if (Object.keys(before).length > 0 && Object.keys(after).length === 0) {
      this.#log.info("prober-isolated-ended", { ...where, message: reason });
    }
  }
}
