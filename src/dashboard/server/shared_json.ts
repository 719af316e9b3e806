/**
 * Answers that all clients share for a moment, so that a client that asks a thousand times a second
 * costs little more than one that asks twice, here and at the maglevds.
 */
import { gzipSync } from "node:zlib";
import { MaglevError } from "../../base/errors.ts";
import type { MonotonicMs } from "../../base/instant.ts";
import type { Clock } from "../../base/ports.ts";

/** For how long an answer is given again, in milliseconds. */
const KEPT_MS = 500;
/** Answers that are kept, and their bytes; the oldest gives way. The newest one is kept in any case. */
const MAX_KEPT = 256;
const MAX_KEPT_BYTES = 64 * 1024 * 1024;

/** A value as JSON. */
export class EncodedJson {
  readonly plain: Uint8Array;
  #gzip: Uint8Array | undefined;

  constructor(value: unknown) {
    this.plain = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  }

  /** Made when the first client needs it. */
  get gzip(): Uint8Array {
    return this.#gzip ??= gzipSync(this.plain, { level: 1 });
  }

  /** What it takes, both forms together. */
  get bytes(): number {
    return this.plain.length + (this.#gzip?.length ?? 0);
  }
}

/** Undefined: there is nothing of that name. */
export type Made = EncodedJson | MaglevError | undefined;

interface Kept {
  readonly sinceMs: MonotonicMs;
  readonly made: Promise<Made>;
  /** Undefined until it was made. */
  value?: Made;
}

export class SharedJson {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #maxBytes: number;
  /** Oldest first. */
  readonly #kept = new Map<string, Kept>();

  constructor(clock: Pick<Clock, "monotonicMs">, maxBytes = MAX_KEPT_BYTES) {
    this.#clock = clock;
    this.#maxBytes = maxBytes;
  }

  /** The answer of `key`, from `make` unless it was made just now; `make` must not throw. */
  get(key: string, make: () => unknown): Promise<Made> {
    const nowMs = this.#clock.monotonicMs();
    const kept = this.#kept.get(key);
    if (kept !== undefined && nowMs - kept.sinceMs < KEPT_MS) return kept.made;
    const made = Promise.resolve(make()).then((value): Made => {
      added.value = value === undefined || value instanceof MaglevError
        ? value
        : new EncodedJson(value);
      this.#evict();
      return added.value;
    });
    const added: Kept = { sinceMs: nowMs, made };
    this.#kept.delete(key);
    this.#kept.set(key, added);
    this.#evict();
    return made;
  }

  #evict(): void {
    const nowMs = this.#clock.monotonicMs();
    let bytes = 0;
    for (const { value } of this.#kept.values()) bytes += bytesOf(value);
    for (const [key, { sinceMs, value }] of this.#kept) {
      const isFull = this.#kept.size > MAX_KEPT ||
        (bytes > this.#maxBytes && this.#kept.size > 1);
      if (!isFull && nowMs - sinceMs < KEPT_MS) break;
      this.#kept.delete(key);
      bytes -= bytesOf(value);
    }
  }

  /** Forgets all of them, so that an operator sees the effect of an action. */
  clear(): void {
    this.#kept.clear();
  }
}

function bytesOf(made: Made): number {
  return made instanceof EncodedJson ? made.bytes : 0;
}
