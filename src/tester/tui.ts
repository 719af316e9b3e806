/** Shows a run on the terminal until its end, and restores the terminal however it ends. */
import type { Clock, Timer } from "../base/ports.ts";
import { KeyDecoder } from "../terminal/keys.ts";
import { Terminal, type TerminalInput, type TerminalOptions } from "../terminal/terminal.ts";
import { type Action, actionsOf } from "./screen/actions.ts";
import { frameText } from "./screen/frame.ts";
import { painted } from "./screen/line.ts";
import { drawScreen, type ScreenModel } from "./screen/screen.ts";
import { notFoundHint, type Session } from "./session.ts";

/** Milliseconds between two frames; a key is shown immediately. */
const FRAME_MS = 250;

export interface TuiOptions extends Omit<TerminalOptions, "fullScreen" | "clock"> {
  readonly clock: Clock;
  readonly color: boolean;
  readonly version: string;
  readonly host: string;
  readonly uri: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** How the operator ended the run; a number is the exit status of a signal. */
export type TuiEnd = "quit" | number;

export class Tui {
  readonly #session: Session;
  readonly #options: TuiOptions;
  readonly #terminal: Terminal;
  readonly #keys = new KeyDecoder();
  #frame: readonly string[] | undefined;
  #top = 0;
  /** VIPs of a page, as last drawn. */
  #page = 1;
  #timer: Timer | undefined;
  readonly #quit = Promise.withResolvers<TuiEnd>();

  constructor(session: Session, options: TuiOptions) {
    this.#session = session;
    this.#options = options;
    this.#terminal = new Terminal({ ...options, fullScreen: true });
  }

  /** Resolves with the end that the operator or a signal chose, or with "quit" after `ended`. */
  async run(ended: Promise<void>): Promise<TuiEnd> {
    this.#terminal.enter();
    try {
      this.#tick();
      void this.#read();
      const over = ended.then((): TuiEnd => "quit");
      return await Promise.race([this.#quit.promise, this.#terminal.ended, over]);
    } finally {
      this.#timer?.cancel();
      this.#terminal.leave();
    }
  }

  #tick(): void {
    try {
      this.#draw();
    } catch (error) {
      this.#quit.reject(error);
      return;
    }
    this.#timer = this.#options.clock.after(FRAME_MS, () => this.#tick());
  }

  #draw(): void {
    const { color } = this.#options;
    const size = this.#terminal.size;
    const { lines, top, shown } = drawScreen(this.#model(), size, this.#top);
    this.#top = top;
    this.#page = Math.max(1, shown);
    const rows = lines.map((line) => painted(line, { width: size.columns, color }));
    const text = frameText(this.#frame, rows);
    if (text !== "") this.#terminal.write(text);
    this.#frame = rows;
  }

  #model(): ScreenModel {
    const { version, host, uri, intervalMs, timeoutMs } = this.#options;
    const { timeline, elapsedMs, prober, vips, entries, probed } = this.#session;
    return {
      version,
      host,
      nowMs: timeline.nowMs(),
      elapsedMs,
      utc: (atMs) => timeline.utc(atMs),
      intervalMs,
      timeoutMs,
      paused: prober.paused,
      hint: notFoundHint(probed, uri),
      prober: prober.figures,
      vips: vips.map((vip) => ({ vip, record: this.#session.recordOf(vip) })),
      entries,
    };
  }

  async #read(): Promise<void> {
    try {
      while (!this.#take(await this.#terminal.next()));
    } catch (error) {
      this.#quit.reject(error);
    }
  }

  /** True at the end. */
  #take(input: TerminalInput): boolean {
    switch (input.kind) {
      case "interrupt":
      case "end":
        this.#quit.resolve("quit");
        return true;
      case "resize":
      case "resume":
        this.#frame = undefined;
        this.#draw();
        return false;
      case "bytes": {
        const actions = this.#keys.push(input.bytes).flatMap(actionsOf);
        if (actions.some((action) => this.#do(action))) return true;
        if (actions.length > 0) this.#draw();
        return false;
      }
    }
  }

  /** True at the end. */
  #do(action: Action): boolean {
    switch (action.kind) {
      case "quit":
        this.#quit.resolve("quit");
        return true;
      case "pause":
        this.#session.togglePause();
        break;
      case "reset":
        this.#session.reset();
        break;
      case "mark":
        this.#session.mark();
        break;
      case "redraw":
        this.#frame = undefined;
        break;
      case "scroll": {
        const by = action.by * (action.unit === "page" ? this.#page : 1);
        this.#top = Math.max(0, Math.min(this.#top + by, this.#session.vips.length - 1));
        break;
      }
    }
    return false;
  }
}
