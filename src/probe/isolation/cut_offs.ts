/** Keeps which probing threads take themselves to be cut off, and logs it once for a namespace. */
import type { Logger } from "../../base/ports.ts";
import type { IsolationNews } from "./isolation.ts";

/** A probing thread. */
export interface ProbingThread {
  /** Unique; for log records. */
  readonly name: string;
  /** Empty: the daemon's own. */
  readonly netns: string;
}

export class CutOffs {
  readonly #log: Logger;
  /** By name of the thread. */
  readonly #threads = new Map<string, { readonly netns: string; readonly reason: string }>();
  /** Namespaces of which the end by max-hold is logged already. */
  readonly #expired = new Set<string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Why the probers of a namespace take themselves to be cut off; empty while they do not. */
  partOf(netns: string): { readonly isolated?: string } {
    for (const thread of this.#threads.values()) {
      if (thread.netns === netns) return { isolated: thread.reason };
    }
    return {};
  }

  /** The thread was replaced. */
  forget({ name }: ProbingThread): void {
    this.#threads.delete(name);
  }

  /** All settings changed. */
  clear(): void {
    this.#threads.clear();
    this.#expired.clear();
  }

  changed({ name, netns }: ProbingThread, { state, reason }: IsolationNews): void {
    const before = this.partOf(netns).isolated;
    this.#threads.delete(name);
    if (state === "isolated") {
      this.#threads.set(name, { netns, reason });
      this.#expired.delete(netns);
    }
    const after = this.partOf(netns).isolated;
    const where = { netns: netns === "" ? undefined : netns };
    if (state === "expired") {
      if (this.#expired.has(netns)) return;
      this.#expired.add(netns);
      this.#log.error("prober-isolated-expired", {
        ...where,
        err: reason,
        message: "it was cut off for longer than max-hold: failures count from now on",
      });
    } else if (before === undefined && after !== undefined) {
      this.#log.error("prober-isolated", {
        ...where,
        err: reason,
        message: "the prober takes itself to be cut off: failures do not count, and states and " +
          "weights stay as they are",
      });
    } else if (before !== undefined && after === undefined) {
      this.#log.info("prober-isolated-ended", { ...where, message: reason });
    }
  }
}
