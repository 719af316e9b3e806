/**
 * A file whose newest content is written, and written again each second until it succeeds. Contents
 * that are replaced before their turn are never written.
 */
import { pause } from "../async/pause.ts";
import { MaglevError } from "../base/errors.ts";
import { permissionText } from "../base/permission.ts";
import type { Clock } from "../base/ports.ts";

/** Time between a failed write and the next attempt, in milliseconds. */
export const RETRY_MS = 1000;

export interface ReplacedFileOptions {
  /** Replaces the file atomically; rejects when it fails. */
  readonly write: (text: string) => Promise<void>;
  readonly clock: Pick<Clock, "after">;
  /** Called with the reason at the first failure in a row, and without one when it succeeds again. */
  readonly onFailure: (reason: string | undefined) => void;
}

export class ReplacedFile {
  readonly #options: ReplacedFileOptions;
  readonly #closing = new AbortController();
  #wanted: string | undefined;
  #written: string | undefined;
  #failure: string | undefined;
  #running: Promise<void> | undefined;

  /** `written`: the content found; undefined: it is unknown. */
  constructor(options: ReplacedFileOptions, written: string | undefined) {
    this.#options = options;
    this.#written = written;
  }

  /** True while the file differs from what it should be. */
  get stale(): boolean {
    return this.#wanted !== undefined && this.#wanted !== this.#written;
  }

  /** Why the last attempt failed; undefined: it did not. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** The end of the write under way, with its repetitions; undefined: the file is as it should be. */
  get writing(): Promise<void> | undefined {
    return this.#running;
  }

  /** Begins to write immediately, unless the file has it already. */
  set(text: string): void {
    this.#wanted = text;
    if (this.stale) this.#running ??= this.#write();
  }

  /** Something else may have replaced the file: the wanted content is written again. */
  overwritten(): void {
    this.#written = undefined;
    if (this.stale) this.#running ??= this.#write();
  }

  /** Waits for the write that runs; a failed one is not repeated. */
  async close(): Promise<void> {
    this.#closing.abort();
    while (this.#running !== undefined) await this.#running;
  }

  async #write(): Promise<void> {
    while (this.stale && await this.#tryOnce()) { /* the content may have changed meanwhile */ }
    // In the turn of the last comparison: a later set() begins a write of its own.
    this.#running = undefined;
  }

  /** Writes the content wanted now; false: another attempt is not wanted. */
  async #tryOnce(): Promise<boolean> {
    const { write, clock, onFailure } = this.#options;
    const { signal } = this.#closing;
    const text = this.#wanted!;
    try {
      await write(text);
      this.#written = text;
      const failed = this.#failure !== undefined;
      this.#failure = undefined;
      if (failed) onFailure(undefined);
    } catch (error) {
      const failed = this.#failure !== undefined;
      this.#failure = permissionText(error) ?? MaglevError.from(error).message;
      if (!failed) onFailure(this.#failure);
      if (signal.aborted) return false;
      await pause(RETRY_MS, { clock, signal });
      // One attempt more with what is wanted at the end.
    }
    return true;
  }
}
