/**
 * Reads VPP's own state of the load balancer and its counters: the state when something happened,
 * at most once a second while a browser looks and else every 5 s, once more when VPP has surely been
 * programmed, and every 30 s, or every 5 s while a browser looks at a drain; the counters every 5 s
 * while a browser looks, else every 30 s.
 */
import { MaglevError } from "../../../base/errors.ts";
import type { Clock, Timer } from "../../../base/ports.ts";
import { type MaglevdModel, type ModelEvent, SETTLE_MS } from "../model/maglevd_model.ts";
import { type Connection, LIST_MS } from "./connection.ts";
import { Periodic } from "./periodic.ts";
import { Throttle } from "./throttle.ts";

const STATE_MS = 1000;
/** A server of a VIP takes some microseconds to read, so that many of them are read less often. */
const PER_SERVER_MS = 2;
/** The longest time, and that of a maglevd that no browser shows. */
const LONGEST_STATE_MS = 5000;
const REST = 3;
const COUNTERS_MS = 5000;
/** Every so many turns the state is read, and counters that no browser shows. */
const SELDOM = 6;

export interface LbReaderOptions {
  readonly connection: Connection;
  readonly model: MaglevdModel;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly isShown: () => boolean;
  readonly send: (event: ModelEvent) => void;
  /** A call failed otherwise than for VPP's absence. */
  readonly onError: (error: MaglevError) => void;
}

export class LbReader {
  readonly #options: LbReaderOptions;
  readonly #state: Throttle;
  readonly #counters: Throttle;
  readonly #timer: Periodic;
  #settling: Timer | undefined;
  #turns = 0;

  constructor(options: LbReaderOptions) {
    this.#options = options;
    const { clock } = options;
    this.#state = new Throttle({
      clock,
      everyMs: () => this.#stateMs(),
      rest: REST,
      work: () => this.#quietly(() => this.#readState()),
    });
    this.#counters = new Throttle({
      clock,
      everyMs: () => STATE_MS,
      rest: REST,
      work: () => this.#quietly(() => this.#readCounters()),
    });
    this.#timer = new Periodic(clock, COUNTERS_MS, () => this.#turn());
  }

  /** Something happened that VPP is programmed for. */
  wake(): void {
    this.#state.want();
    this.#settling?.cancel();
    this.#settling = this.#options.clock.after(SETTLE_MS + 100, () => this.#state.want());
  }

  /** A browser begins to look. */
  look(): void {
    this.#state.want();
    this.#counters.want();
  }

  async stop(): Promise<void> {
    this.#timer.stop();
    this.#settling?.cancel();
    await Promise.all([this.#state.stop(), this.#counters.stop()]);
  }

  #stateMs(): number {
    const { isShown, model } = this.#options;
    if (!isShown()) return LONGEST_STATE_MS;
    const servers = model.lb?.vips.reduce((sum, vip) => sum + vip.servers.length, 0) ?? 0;
    return Math.min(Math.max(STATE_MS, PER_SERVER_MS * servers), LONGEST_STATE_MS);
  }

  #turn(): void {
    const { isShown, model } = this.#options;
    const isSeldom = ++this.#turns % SELDOM === 0;
    // The flows that a drain has left change without any other event.
    if (isSeldom || (isShown() && model.draining().size > 0)) this.#state.want();
    if (isSeldom || isShown()) this.#counters.want();
  }

  async #readState(): Promise<void> {
    const { connection, model, clock, signal } = this.#options;
    const wallMs = clock.wallMs();
    const message = await connection.call("GetVPPLBState", {}, { deadlineMs: LIST_MS, signal });
    // It is as old as the question: what happened since is not in it.
    if (!signal.aborted) model.setLb(message, { nowMs: clock.monotonicMs(), wallMs });
  }

  async #readCounters(): Promise<void> {
    const { connection, model, clock, signal, isShown, send } = this.#options;
    const counters = await connection.call("GetVPPLBCounters", {}, { deadlineMs: LIST_MS, signal });
    if (signal.aborted) return;
    const rates = model.rates.add(counters, clock.monotonicMs());
    if (rates === undefined || !isShown()) return;
    send({ type: "rates", at_ms: clock.wallMs(), vips: Object.fromEntries(rates) });
  }

  /** VPP's absence is reported by the status; there is nothing to read then. */
  async #quietly(work: () => Promise<void>): Promise<void> {
    const { model, signal, onError } = this.#options;
    if (model.vpp.state !== "connected") return model.rates.interrupt();
    try {
      await work();
    } catch (caught) {
      const error = MaglevError.from(caught);
      if (signal.aborted) return;
      if (/^VPP('s| )/.test(error.message)) return model.rates.interrupt();
      onError(error);
    }
  }
}
