/**
 * Follows the log at debug of a maglevd that a browser shows: each probe and each message to VPP.
 * None of these records goes to browsers; every 250 ms one event sums up the probes, and one the
 * messages.
 */
import { pause } from "../../../async/pause.ts";
import type { Clock, Prng } from "../../../base/ports.ts";
import type { messages } from "../../../grpc/client/client.ts";
import { waitMs } from "../../../grpc/client/watch.ts";
import type { ProbeResult } from "../../protocol.ts";
import { clip, DEBUG_PER_S, MAX_TEXT } from "../model/bounds.ts";
import type { MaglevdModel, ModelEvent } from "../model/maglevd_model.ts";
import { RateLimit } from "../model/rate_limit.ts";
import type { Connection } from "./connection.ts";
import { Periodic } from "./periodic.ts";

/** Probes and messages are summed up over this time, in milliseconds. */
export const FLUSH_MS = 250;

type Probe = readonly [code: string, ok: boolean, counter: number, count: number];

export interface ProbeFeedOptions {
  readonly connection: Connection;
  readonly model: MaglevdModel;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly send: (event: ModelEvent) => void;
}

/** Follows from its construction to stop(). */
export class ProbeFeed {
  readonly #options: ProbeFeedOptions;
  readonly #abort = new AbortController();
  readonly #limit = new RateLimit(DEBUG_PER_S);
  readonly #timer: Periodic;
  readonly #running: Promise<void>;
  #probes = new Map<string, Probe>();
  #calls = 0;
  #failed = 0;
  #hadCalls = false;

  constructor(options: ProbeFeedOptions) {
    this.#options = options;
    this.#timer = new Periodic(options.clock, FLUSH_MS, () => this.#flush());
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#timer.stop();
    this.#abort.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { connection, clock, prng } = this.#options;
    const { signal } = this.#abort;
    const request = { log: true, logLevel: "debug" };
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const onOpen = () => attempt = 0;
        for await (const { event } of connection.watch(request, { signal, onOpen })) {
          if (signal.aborted) return;
          if (event?.$case === "log") this.#add(event.value);
          // What is not read stays with the sender, which counts what it loses.
          while (!this.#limit.take(clock.monotonicMs()) && !signal.aborted) {
            await pause(this.#limit.waitMs(clock.monotonicMs()), { clock, signal });
          }
        }
      } catch {
        // Why it ended shows at the stream of events, which ends likewise.
      }
      await pause(waitMs(attempt, prng), { clock, signal });
    }
  }

  #add(record: messages.LogEvent): void {
    switch (record.msg) {
      case "probe-done":
        return this.#addProbe(record);
      case "vpp-api-send":
        this.#calls++;
        return;
      case "vpp-api-recv":
        if (attributeOf(record, "result") !== "ok") this.#failed++;
    }
  }

  #addProbe(record: messages.LogEvent): void {
    const { model, clock } = this.#options;
    const backend = attributeOf(record, "backend");
    const detail = attributeOf(record, "detail");
    const result: ProbeResult = {
      ok: attributeOf(record, "ok") === "true",
      code: clip(attributeOf(record, "code"), 16),
      ...(detail === "" ? {} : { detail: clip(detail, MAX_TEXT) }),
      duration_ms: Number(attributeOf(record, "duration-ms")) || 0,
    };
    const now = { nowMs: clock.monotonicMs(), wallMs: clock.wallMs() };
    const counter = model.probe(backend, result, now);
    if (counter === undefined) return;
    const count = (this.#probes.get(backend)?.[3] ?? 0) + 1;
    this.#probes.set(backend, [result.code, result.ok, counter, count]);
  }

  #flush(): void {
    const { model, send } = this.#options;
    if (this.#probes.size > 0) {
      send({ type: "probes", probes: Object.fromEntries(this.#probes) });
      this.#probes = new Map();
    }
    // Once more with 0, so that the figure does not stay at its last value.
    if (this.#calls === 0 && this.#failed === 0 && !this.#hadCalls) return;
    this.#hadCalls = this.#calls > 0;
    model.setVppCalls(this.#calls, FLUSH_MS);
    send({ type: "vpp-api", calls: this.#calls, failed: this.#failed });
    this.#calls = this.#failed = 0;
  }
}

function attributeOf({ attributes }: messages.LogEvent, key: string): string {
  for (const attribute of attributes) if (attribute.key === key) return attribute.value;
  return "";
}
