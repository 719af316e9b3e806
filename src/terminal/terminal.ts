/**
 * A terminal in cbreak mode: from enter() to leave() keys arrive one by one, without echo. leave()
 * restores the previous mode. It also runs on signals that end the program and on uncaught errors.
 *
 * The kernel still turns Ctrl-C, Ctrl-Z and Ctrl-\ into signals, so that a program that hangs can be
 * ended or suspended; not so with `fullScreen`.
 */
import { pause } from "../async/pause.ts";
import { FAR_PAST_MS } from "../base/instant.ts";
import type { Clock } from "../base/ports.ts";
import { PASTE_OFF, PASTE_ON } from "./keys.ts";
import type { Size } from "./size.ts";
import { OutputError, type OutputStream, STATUS_OF_SIGNAL, writeText } from "./output.ts";

/** The part of standard input that Terminal uses. */
export interface InputStream {
  read(buffer: Uint8Array): Promise<number | null>;
  setRaw(mode: boolean, options?: { cbreak: boolean }): void;
}

/** One event of the terminal. */
export type TerminalInput =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** Ctrl-C. */
  | { readonly kind: "interrupt" }
  /** Its size changed. */
  | { readonly kind: "resize" }
  /** Continued after Ctrl-Z; other programs have used the terminal. */
  | { readonly kind: "resume" }
  /** No more input. */
  | { readonly kind: "end" };

export interface TerminalOptions {
  readonly input: InputStream;
  readonly output: OutputStream;
  readonly clock: Pick<Clock, "monotonicMs" | "after">;
  /**
   * Takes the whole screen: the alternate one, which has no lines of earlier programs, without a
   * cursor. All keys arrive as input then, Ctrl-C too: Ctrl-Z would stop the program with the
   * screen taken. Default: lines below those of the shell.
   */
  readonly fullScreen?: boolean;
}

const ENDING = ["SIGTERM", "SIGHUP", "SIGQUIT"] as const;
/** The alternate screen, and the cursor hidden; and back. */
const SCREEN_ON = "\x1b[?1049h\x1b[?25l";
const SCREEN_OFF = "\x1b[?25h\x1b[?1049l";
const FALLBACK: Size = { columns: 80, rows: 24 };
/**
 * `deno task` forwards a signal that the kernel has already sent to the whole process group. A second
 * Ctrl-C within this time, in milliseconds, is the same one.
 */
const SAME_KEY_MS = 30;
/** Longest delay of a signal after the input that follows it, in milliseconds. */
const SIGNAL_WAY_MS = 1;
/** Size of one read; a paste takes several. */
const READ_BYTES = 4096;

export class Terminal {
  readonly #options: TerminalOptions;
  readonly #ended = Promise.withResolvers<number>();
  readonly #listeners: readonly (readonly [Deno.Signal, () => void])[];
  readonly #onCrash = () => this.leave();
  #entered = false;
  /** Events not yet taken; of signals, each kind at most once. */
  #queue: TerminalInput[] = [];
  #reading: Promise<void> | undefined;
  #wake: () => void = () => {};
  #onKey: (() => void) | undefined;
  #interruptMs = FAR_PAST_MS;
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

  /** Resolves with the exit status when a signal ends the program. */
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
    this.#take();
  }

  /** Restores the terminal. Idempotent; does not throw, because the terminal may be gone. */
  leave(): void {
    if (!this.#entered) return;
    this.#entered = false;
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
    globalThis.removeEventListener("error", this.#onCrash);
    globalThis.removeEventListener("unhandledrejection", this.#onCrash);
    try {
      this.#options.input.setRaw(false);
      this.write(this.#screen ? PASTE_OFF + SCREEN_OFF : PASTE_OFF);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
  }

  /** @throws {OutputError} */
  write(text: string): void {
    writeText(this.#options.output, text);
  }

  /** The next event. Input that is typed earlier waits in the kernel. */
  async next(): Promise<TerminalInput> {
    while (this.#queue.length === 0) {
      this.#reading ??= this.#read();
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#queue.shift()!;
  }

  /** Runs `fn`; Ctrl-C aborts the signal that it gets, instead of arriving as input. */
  async interruptible<T>(fn: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.#interrupted = controller;
    try {
      return await fn(controller.signal);
    } finally {
      this.#interrupted = undefined;
      // The next line is drawn from scratch: earlier resizes do not matter.
      this.#queue = this.#queue.filter(({ kind }) => kind !== "resume" && kind !== "resize");
    }
  }

  /** Runs `fn`; a key, which is dropped, aborts the signal that it gets, and so does `signal`. */
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

  #take(): void {
    this.#options.input.setRaw(true, { cbreak: !this.#screen });
    this.write(this.#screen ? SCREEN_ON + PASTE_ON : PASTE_ON);
  }

  get #screen(): boolean {
    return this.#options.fullScreen === true;
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    let count: number | null;
    try {
      count = await this.#options.input.read(buffer);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      // The terminal was closed: there is no more input.
      count = null;
    }
    // Input typed after a Ctrl-C must not overtake it: signals are delivered separately.
    await pause(SIGNAL_WAY_MS, { clock: this.#options.clock });
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

  /** Continued after Ctrl-Z: other programs may have changed the mode. */
  #again(): void {
    this.#options.input.setRaw(false);
    this.#take();
    this.#put({ kind: "resume" });
  }

  #end(signal: (typeof ENDING)[number]): void {
    this.leave();
    try {
      // So that the prompt of the parent shell starts on a new line.
      if (!this.#screen) this.write("\r\n");
    } catch (error) {
      if (!(error instanceof OutputError)) throw error;
    }
    this.#interrupted?.abort();
    this.#ended.resolve(STATUS_OF_SIGNAL[signal]);
  }
}
