/**
 * Finds a server of etcd that answers. All are tried next to each other, because one that hangs
 * would keep the others waiting for its deadline; the preferred one has a lead. What is required is
 * a read that needs a leader.
 */
import { BackoffDelays } from "../../async/backoff.ts";
import { MaglevError } from "../../base/errors.ts";
import type { Clock } from "../../base/ports.ts";
import { type EtcdCalls, KV } from "./calls.ts";
import { bytesOf, SILENT_MS } from "./session.ts";

/** Lead of each server over the next one. */
const LEAD_MS = 150;
/** Delays between two attempts at one server. */
const DELAYS = { firstMs: 200, maxMs: 2000 };

export interface SearchOptions {
  /** Places of the servers, the preferred one first. */
  readonly order: readonly number[];
  /** Opens a connection; rejects with MaglevError. */
  readonly open: (at: number) => Promise<EtcdCalls>;
  /** The key that is read. */
  readonly key: string;
  readonly clock: Clock;
  /** Each server failed at least once; further failures follow one by one. */
  readonly onAway: (at: number, error: MaglevError) => void;
  readonly onFound: (at: number, calls: EtcdCalls) => void;
}

export class ServerSearch {
  readonly #options: SearchOptions;
  readonly #failed = new Set<number>();
  readonly #cancel = new Set<() => void>();
  #over = false;

  constructor(options: SearchOptions) {
    this.#options = options;
    for (const [place, at] of options.order.entries()) {
      this.#later(place * LEAD_MS, () => void this.#attempt(at, new BackoffDelays(DELAYS)));
    }
  }

  /** No callback is called any longer. */
  stop(): void {
    this.#over = true;
    for (const cancel of this.#cancel) cancel();
    this.#cancel.clear();
  }

  async #attempt(at: number, delays: BackoffDelays): Promise<void> {
    const { open, key, onAway, onFound } = this.#options;
    let calls: EtcdCalls | undefined;
    const close = () => calls?.close();
    this.#cancel.add(close);
    try {
      calls = await open(at);
      if (this.#over) return calls.close();
      await calls.unary(KV.Range, { key: bytesOf(key) }, SILENT_MS);
      this.#cancel.delete(close);
      if (this.#over) return calls.close();
      this.stop();
      onFound(at, calls);
    } catch (error) {
      this.#cancel.delete(close);
      calls?.close();
      if (this.#over) return;
      this.#failed.add(at);
      if (this.#failed.size === this.#options.order.length) onAway(at, MaglevError.from(error));
      this.#later(delays.next(), () => void this.#attempt(at, delays));
    }
  }

  #later(ms: number, act: () => void): void {
    const cancel = () => timer.cancel();
    const timer = this.#options.clock.after(ms, () => {
      this.#cancel.delete(cancel);
      act();
    });
    this.#cancel.add(cancel);
  }
}
