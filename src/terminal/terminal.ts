/**
 * The terminal of the shell: keys come one by one and nothing is echoed, from enter() to leave().
 * leave() runs whatever happens: at the end, at signals that end a program, and at an error that
 * nobody caught; what stood before stands again then.
 *
 * The kernel still makes signals of Ctrl-C, Ctrl-Z and Ctrl-\: so a maglevc that is stuck can be
 * ended, and one that runs can be put aside.
 */
import type { Clock } from "../base/ports.ts";
import { PASTE_OFF, PASTE_ON } from "./keys.ts";
import { OutputError, type OutputStream, STATUS_OF_SIGNAL, writeText } from "./output.ts";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Standard input, as far as it is needed here. */
export interface InputStream {
  read(buffer: Uint8Array): Promise<number | null>;
  setRaw(mode: boolean, options?: { cbreak: boolean }): void;
}

/** What comes from the terminal. */
export type TerminalInput =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** Ctrl-C. */
  | { readonly kind: "interrupt" }
  /** It has another size. */
  | { readonly kind: "resize" }
  /** It was used by others meanwhile. */
  | { readonly kind: "resume" }
  /** No more input. */
  | { readonly kind: "end" };

export interface TerminalOptions {
  readonly input: InputStream;
  readonly output: OutputStream;
  readonly clock: Pick<Clock, "monotonicMs" | "after">;
}

const ENDING = ["SIGTERM", "SIGHUP", "SIGQUIT"] as const;
const FALLBACK: Size = { columns: 80, rows: 24 };
/**
 * `deno task` passes on what the kernel sends to all of us anyway: a Ctrl-C so soon after another, in
 * milliseconds, is the same one.
 */
const SAME_KEY_MS = 30;
/** How long a signal may be under way when the input that follows it is here, in milliseconds. */
const SIGNAL_WAY_MS = 1;
/** Most of one read; a paste comes in several. */
const READ_BYTES = 4096;

export class Terminal {
  readonly #options: TerminalOptions;
  readonly #ended = Promise.withResolvers<number>();
  readonly #listeners: readonly (readonly [Deno.Signal, () => void])[];
  readonly #onCrash = () => this.leave();
  #entered = false;
  /** What came and nobody took yet; signals only, each kind at most once. */
  #queue: TerminalInput[] = [];
  #reading: Promise<void> | undefined;
  #wake: () => void = () => {};
  #onKey: (() => void) | undefined;
  #interruptMs = -Infinity;
  #interrupted: AbortController | undefined;

  constructor(options: TerminalOptions) {
    this.#options = options;
    this.#listeners = [
      ["SIGINT", () => this.#interrupt()],
      ["SIGWINCH", () => this.#put({ kind: "resize" })],
      ["SIGCONT", () => this.#again()],
      ...ENDING.map((signal) => [signal, () => this.#end(signal)] as const),
    ];
  }

  /** The exit status, once a signal asks for the end. */
  get ended(): Promise<number> {
    return this.#ended.promise;
  }

  get size(): Size {
    try {
      const { columns, rows } = Deno.consoleSize();
      return columns > 0 && rows > 0 ? { columns, rows } : FALLBACK;
    } catch {
      return FALLBACK;
    }
  }

  enter(): void {
    this.#entered = true;
    for (const [signal, listener] of this.#listeners) Deno.addSignalListener(signal, listener);
    globalThis.addEventListener("error", this.#onCrash);
    globalThis.addEventListener("unhandledrejection", this.#onCrash);
    this.#options.input.setRaw(true, { cbreak: true });
    this.write(PASTE_ON);
  }

  /** Everything as it was. Idempotent; throws nothing: there may be no terminal any more. */
  leave(): void {
    if (!this.#entered) return;
    this.#entered = false;
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
    globalThis.removeEventListener("error", this.#onCrash);
    globalThis.removeEventListener("unhandledrejection", this.#onCrash);
    try {
      this.#options.input.setRaw(false);
      this.write(PASTE_OFF);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
  }

  /** @throws {OutputError} */
  write(text: string): void {
    writeText(this.#options.output, text);
  }

  /** The next thing that comes. What is typed before it is asked for waits in the kernel. */
  async next(): Promise<TerminalInput> {
    while (this.#queue.length === 0) {
      this.#reading ??= this.#read();
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#queue.shift()!;
  }

  /** Runs `fn`; Ctrl-C aborts the signal that it gets, instead of coming as input. */
  async interruptible<T>(fn: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.#interrupted = controller;
    try {
      return await fn(controller.signal);
    } finally {
      this.#interrupted = undefined;
      // What became of the screen meanwhile is nothing to a line that is drawn from now on.
      this.#queue = this.#queue.filter(({ kind }) => kind !== "resume" && kind !== "resize");
    }
  }

  /** Runs `fn`; a key, which goes nowhere else, aborts the signal that it gets, and so does `signal`. */
  async untilKey<T>(signal: AbortSignal, fn: (either: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const abort = () => controller.abort();
    signal.addEventListener("abort", abort);
    this.#onKey = abort;
    this.#reading ??= this.#read();
    try {
      return await fn(controller.signal);
    } finally {
      this.#onKey = undefined;
      signal.removeEventListener("abort", abort);
    }
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    let count: number | null;
    try {
      count = await this.#options.input.read(buffer);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      // A terminal that was closed: nothing more comes.
      count = null;
    }
    // What was typed behind a Ctrl-C must not overtake it: signals come on a way of their own.
    await new Promise<void>((resolve) => this.#options.clock.after(SIGNAL_WAY_MS, resolve));
    this.#reading = undefined;
    if (this.#onKey !== undefined) {
      this.#onKey();
      if (count !== null) return;
    }
    this.#put(count === null ? { kind: "end" } : { kind: "bytes", bytes: buffer.slice(0, count) });
  }

  #put(input: TerminalInput): void {
    if (input.kind === "bytes" || !this.#queue.some(({ kind }) => kind === input.kind)) {
      this.#queue.push(input);
    }
    this.#wake();
  }

  #interrupt(): void {
    const nowMs = this.#options.clock.monotonicMs();
    const same = nowMs - this.#interruptMs < SAME_KEY_MS;
    this.#interruptMs = nowMs;
    if (same) return;
    if (this.#interrupted !== undefined) this.#interrupted.abort();
    else this.#put({ kind: "interrupt" });
  }

  /** Back from Ctrl-Z: whoever had the terminal in between has set it as they like. */
  #again(): void {
    this.#options.input.setRaw(false);
    this.#options.input.setRaw(true, { cbreak: true });
    this.write(PASTE_ON);
    this.#put({ kind: "resume" });
  }

  #end(signal: (typeof ENDING)[number]): void {
    this.leave();
    try {
      // The prompt of the shell that comes next shall not stand behind ours.
      this.write("\r\n");
    } catch (error) {
      if (!(error instanceof OutputError)) throw error;
    }
    this.#interrupted?.abort();
    this.#ended.resolve(STATUS_OF_SIGNAL[signal]);
  }
}
