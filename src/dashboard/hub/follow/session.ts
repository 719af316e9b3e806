/**
 * One connection to a maglevd, from its first call to its end: the stream of events, and the readers
 * that follow from it. It ends with the first sign that the maglevd no longer answers.
 */
import { orLate } from "../../../async/deadline.ts";
import { pause } from "../../../async/pause.ts";
import { MaglevError } from "../../../base/errors.ts";
import type { Clock, Prng } from "../../../base/ports.ts";
import type { messages } from "../../../grpc/client/client.ts";
import { isUnreached } from "../../../grpc/client/failures.ts";
import { clip, EVENT_BOUNDS, EVENTS_PER_S, MAX_TEXT } from "../model/bounds.ts";
import { attributesOf, logLevel, transitionsOf } from "../model/convert.ts";
import type { MaglevdModel, ModelEvent, Now } from "../model/maglevd_model.ts";
import { RateLimit } from "../model/rate_limit.ts";
import { ANSWER_MS, type Connection } from "./connection.ts";
import { LbReader } from "./lb_reader.ts";
import { ObjectReader } from "./object_reader.ts";
import { Periodic } from "./periodic.ts";
import { ProbeFeed } from "./probe_feed.ts";
import { StatusReader } from "./status_reader.ts";

/** Everything is read again this often, in milliseconds. */
const REFRESH_MS = 30_000;
const HOUR_MS = 3_600_000;
/** Backends whose transitions are read one by one after the connection. */
const MAX_FILLED = 500;

export interface SessionOptions {
  readonly connection: Connection;
  readonly model: MaglevdModel;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly send: (event: ModelEvent) => void;
  readonly isShown: () => boolean;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #abort = new AbortController();
  readonly #end = Promise.withResolvers<MaglevError>();
  readonly #limit = new RateLimit(EVENTS_PER_S);
  readonly #status: StatusReader;
  readonly #objects: ObjectReader;
  readonly #lb: LbReader;
  readonly #refresh: Periodic;
  #probes: ProbeFeed | undefined;
  #isOpen = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { connection, model, clock, send, isShown } = options;
    const { signal } = this.#abort;
    const onError = (error: MaglevError) => this.#onError(error);
    const common = { connection, model, clock, signal, isShown, onError };
    this.#status = new StatusReader({
      ...common,
      onVpp: () => this.#onVpp(),
      onRead: () => this.#touchDrains(),
    });
    this.#objects = new ObjectReader(common);
    this.#lb = new LbReader({ ...common, send });
    this.#refresh = new Periodic(clock, REFRESH_MS, () => {
      // Calls that are still refused are reported again.
      model.note("call", "");
      this.#objects.refresh();
    });
  }

  /**
   * Connects and follows until the connection fails or stop() is called; resolves with the reason.
   * `onOpen`: everything has been read.
   */
  async run(onOpen: () => void): Promise<MaglevError> {
    const opening = this.#open(onOpen).catch((error) => this.#end.resolve(MaglevError.from(error)));
    const error = await this.#end.promise;
    this.#abort.abort();
    this.#refresh.stop();
    await Promise.all([
      opening,
      this.#status.stop(),
      this.#objects.stop(),
      this.#lb.stop(),
      this.#probes?.stop(),
    ]);
    return error;
  }

  /** Ends it; run() resolves. Idempotent. */
  stop(): void {
    this.#end.resolve(new MaglevError("aborted", "stopped"));
  }

  /** An operator of this dashboard has acted. */
  acted(backends: readonly string[], frontends: readonly string[]): void {
    const used = backends.flatMap((name) => this.#options.model.frontendsOf(name));
    this.#objects.touch(backends, [...frontends, ...used]);
    this.#lb.wake();
  }

  /** Browsers begin or cease to show it. */
  shownChanged(): void {
    if (!this.#isOpen || this.#abort.signal.aborted) return;
    const { connection, model, clock, prng, send, isShown } = this.#options;
    if (isShown()) {
      this.#probes ??= new ProbeFeed({ connection, model, clock, prng, send });
      this.#objects.look();
      this.#lb.look();
    } else {
      const probes = this.#probes;
      this.#probes = undefined;
      void probes?.stop();
    }
  }

  async #open(onOpen: () => void): Promise<void> {
    const { model } = this.#options;
    await this.#status.first();
    const opened = Promise.withResolvers<void>();
    // Begins before the lists are read, so that nothing between the two is lost.
    const following = this.#follow(() => opened.resolve());
    following.catch((error) => {
      this.#end.resolve(MaglevError.from(error));
      opened.resolve();
    });
    await this.#inTime(opened.promise);
    const { lists, newer } = await this.#objects.first();
    if (this.#abort.signal.aborted) return;
    onOpen();
    const now = this.#now();
    model.readLists(lists, { newer, now, whole: true });
    model.fillStates(now);
    this.#isOpen = true;
    this.shownChanged();
    this.#lb.wake();
    this.#lb.look();
    this.#status.wantConfig();
    await Promise.all([following, this.#fill()]);
  }

  async #inTime(opened: Promise<void>): Promise<void> {
    await orLate(opened, {
      clock: this.#options.clock,
      deadlineMs: ANSWER_MS,
      signal: this.#abort.signal,
      late: () => {
        throw new MaglevError(
          "deadline-exceeded",
          "Deadline exceeded: the stream has not begun",
        );
      },
    });
  }

  /** One stream to its end. */
  async #follow(onOpen: () => void): Promise<void> {
    const { connection, clock } = this.#options;
    const { signal } = this.#abort;
    const request = { log: true, logLevel: "info", backend: true, frontend: true };
    const options = { signal, onOpen, bounds: EVENT_BOUNDS };
    for await (const { event } of connection.watch(request, options)) {
      // What is not read stays with the sender, which counts what it loses.
      while (!this.#limit.take(clock.monotonicMs()) && !signal.aborted) {
        await pause(this.#limit.waitMs(clock.monotonicMs()), { clock, signal });
      }
      if (signal.aborted) return;
      this.#onEvent(event);
    }
    throw new MaglevError("unavailable", "the stream ended");
  }

  #onEvent(event: messages.Event["event"]): void {
    const now = this.#now();
    switch (event?.$case) {
      case "backend":
        return this.#onBackend(event.value, now);
      case "frontend":
        return this.#onFrontend(event.value, now);
      case "log":
        return this.#onLog(event.value, now);
    }
  }

  #onBackend({ name, transition }: messages.BackendEvent, now: Now): void {
    if (transition === undefined) return;
    const { model } = this.#options;
    const isChange = transition.from !== transition.to;
    if (isChange) model.skew.add(Number(transition.atUnixNs) / 1e6, now);
    if (!model.backendEvent(name, transition, now) || transition.to === "removed") this.#lists();
    if (!isChange) return;
    // A probe's transition has everything of the backend in it; an operator's does not.
    const isProbe = transition.result !== undefined && transition.result.layer !== "";
    if (isProbe) this.#objects.changed(name);
    this.#objects.touch(isProbe ? [] : [name], model.frontendsOf(name));
    this.#lb.wake();
  }

  #onFrontend({ name, transition }: messages.FrontendEvent, now: Now): void {
    if (transition === undefined) return;
    const { model } = this.#options;
    // The replay of a frontend carries the time of the moment of subscribing.
    model.skew.add(Number(transition.atUnixNs) / 1e6, now);
    if (!model.frontendEvent(name, transition, now)) this.#lists();
    if (transition.from === transition.to) return;
    this.#objects.touch([], [name]);
    this.#lb.wake();
  }

  #onLog(record: messages.LogEvent, now: Now): void {
    const { model, send } = this.#options;
    const { msg, level, time } = record;
    const timeMs = Date.parse(time);
    model.skew.add(timeMs, now);
    const attributes = attributesOf(record);
    this.#followUp(msg, attributes);
    // Transitions have events of their own.
    if (level === "info" && /^(back|front)end-transition$/.test(msg)) return;
    send({
      type: "log",
      level: logLevel(level),
      time: clip(time, 40),
      msg: clip(msg, 64),
      attributes,
    });
  }

  /** What a record of the log makes worth reading. */
  #followUp(msg: string, attributes: Readonly<Record<string, string>>): void {
    if (msg === "events-dropped" || msg === "config-reload") {
      this.#lists();
      this.#status.want();
      this.#status.wantConfig();
      this.#lb.wake();
    } else if (attributes.method === "CancelIntent") {
      // It has the id of the intent alone.
      this.#lists();
    } else if (/^(backend|frontend)-(held|released|announced|withdrawn)$/.test(msg)) {
      this.#objects.touch([], attributes.frontend === undefined ? [] : [attributes.frontend]);
      this.#lb.wake();
    } else if (msg === "backend-damped") {
      this.#objects.touch(attributes.backend === undefined ? [] : [attributes.backend], []);
    } else if (msg === "damping-overridden") {
      this.#objects.touch([], attributes.frontend === undefined ? [] : [attributes.frontend]);
      this.#lb.wake();
    } else if (msg === "lameduck" || msg.startsWith("announce-")) {
      this.#status.want();
    } else if (msg.startsWith("operator-")) {
      const named = (name: string | undefined) => name === undefined ? [] : [name];
      this.acted(named(attributes.backend), named(attributes.frontend));
    } else if (msg.startsWith("prober-")) {
      this.#lists();
      this.#status.want();
    } else if (/^vpp-(connect|disconnect|warmup|withheld)/.test(msg)) {
      this.#status.want();
      this.#lb.wake();
    } else if (msg.startsWith("vpp-lbsync-")) {
      this.#lb.wake();
    }
  }

  #lists(): void {
    this.#objects.refresh();
  }

  #onVpp(): void {
    // The first look at VPP follows when everything else has been read.
    if (!this.#isOpen) return;
    this.#lb.wake();
    this.#lb.look();
  }

  /** Whether a drain can end early depends on VPP, and no event reports it. */
  #touchDrains(): void {
    const drained = this.#options.model.backends.values()
      .filter(({ intent }) => intent?.kind === "drain").map(({ name }) => name);
    this.#objects.touch([...drained], []);
  }

  /** A call that was refused is reported; one without an answer ends the connection. */
  #onError(error: MaglevError): void {
    if (this.#abort.signal.aborted) return;
    if (isUnreached(error) || error.code === "deadline-exceeded") return this.#end.resolve(error);
    this.#options.model.note("call", `a call was refused: ${clip(error.message, MAX_TEXT)}`);
  }

  /** The last hour of backends that changed in it, newest first, because the lists do not have it. */
  async #fill(): Promise<void> {
    const { connection, model } = this.#options;
    const { signal } = this.#abort;
    const { wallMs } = this.#now();
    const sinceMs = wallMs + (model.skew.valueMs ?? 0) - HOUR_MS;
    const names = [...model.backends.values()].filter(({ since_ms }) => since_ms >= sinceMs)
      .sort((a, b) => b.since_ms - a.since_ms).slice(0, MAX_FILLED).map(({ name }) => name);
    for (const name of names) {
      if (signal.aborted) return;
      try {
        const options = { deadlineMs: ANSWER_MS, signal };
        const info = await connection.call("GetBackend", { name }, options);
        if (!signal.aborted && info.name === name) {
          model.fillHistory(name, transitionsOf(info.transitions), this.#now());
        }
      } catch (caught) {
        const error = MaglevError.from(caught);
        if (error.code !== "not-found") return this.#onError(error);
      }
    }
  }

  #now(): Now {
    const { clock } = this.#options;
    return { nowMs: clock.monotonicMs(), wallMs: clock.wallMs() };
  }
}
