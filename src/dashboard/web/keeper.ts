/**
 * Something that is loaded for a part of the page, and again when it may have changed. A key that
 * changes without end is loaded once a second, because all browsers share what a maglevd is asked.
 */

/** After a change: VPP has taken it over, and the server has forgotten its last answer. */
const SETTLED_MS = 1000;
/** Without a change: a probe's result, what another program does in VPP, or another attempt. */
export const AGAIN_MS = 5000;

export interface KeptView<T> {
  readonly value: T | undefined;
  /** Why there is no value, or no newer one, in words; empty: it is current. */
  readonly missing: string;
  /** When the value was requested, by the steady clock. */
  readonly ofMs: number;
}

export interface KeeperPorts<T> {
  readonly load: () => Promise<T>;
  /** Asking again is useless until something changes. */
  readonly isForGood: (error: unknown) => boolean;
  readonly show: (view: KeptView<T>) => void;
  /** A clock that is not set, in milliseconds. */
  readonly steadyMs: () => number;
  /** Between two loads without a change, in milliseconds. */
  readonly againMs: number;
}

export class Keeper<T> {
  readonly #ports: KeeperPorts<T>;
  #view: KeptView<T> = { value: undefined, missing: "loading …", ofMs: 0 };
  #attempt = 0;
  #isNew = true;
  #beganMs = -Infinity;
  #dueMs = Infinity;

  constructor(ports: KeeperPorts<T>) {
    this.#ports = ports;
  }

  /** It has changed, or is another one. */
  changed(): void {
    this.#isNew = true;
    if (this.#ports.steadyMs() - this.#beganMs >= SETTLED_MS) void this.#load();
    else this.#dueWithin(this.#beganMs + SETTLED_MS);
  }

  /** Called now and then while the page is seen and live. */
  tick(): void {
    if (this.#ports.steadyMs() >= this.#dueMs) void this.#load();
  }

  close(): void {
    this.#attempt = -1;
    this.#dueMs = Infinity;
  }

  async #load(): Promise<void> {
    const { load, isForGood, steadyMs, againMs } = this.#ports;
    const mine = ++this.#attempt;
    const wasNew = this.#isNew;
    const beganMs = steadyMs();
    this.#isNew = false;
    this.#beganMs = beganMs;
    this.#dueMs = Infinity;
    try {
      const value = await load();
      if (mine !== this.#attempt) return;
      this.#show({ value, missing: "", ofMs: beganMs });
      this.#dueWithin(steadyMs() + (wasNew ? SETTLED_MS : againMs));
    } catch (error) {
      if (mine !== this.#attempt) return;
      const missing = error instanceof Error ? error.message : String(error);
      // What was true a moment ago is shown as old until the next attempt, unless something changed.
      const isGone = wasNew || isForGood(error);
      this.#show({ ...this.#view, missing, ...(isGone ? { value: undefined } : {}) });
      if (!isForGood(error)) this.#dueWithin(steadyMs() + AGAIN_MS);
    }
  }

  #dueWithin(ms: number): void {
    this.#dueMs = Math.min(this.#dueMs, ms);
  }

  #show(view: KeptView<T>): void {
    this.#view = view;
    this.#ports.show(view);
  }
}
