/**
 * Reads backends, frontends and healthchecks: those that events have touched, and now and then all.
 * One reading at a time, so that no answer overtakes another. What an event changes while an answer is
 * on its way is newer than that answer, which then does not count for it.
 */
import { MaglevError } from "../../../base/errors.ts";
import type { Clock } from "../../../base/ports.ts";
import { backendOf, frontendOf } from "../model/convert.ts";
import { readBackends, readFrontends, readHealthChecks } from "../model/lists.ts";
import type { Lists, MaglevdModel, Newer } from "../model/maglevd_model.ts";
import { type Connection, LIST_MS } from "./connection.ts";
import { Throttle } from "./throttle.ts";

/**
 * Touched objects are read at most this often, in milliseconds, so that an effect is seen within a
 * second; and less often while no browser shows the maglevd.
 */
const OBJECTS_MS = 750;
const UNSEEN_OBJECTS_MS = 2000;
/** Everything is read at most this often, in milliseconds, and in a tenth of the time. */
const LISTS_MS = 1000;
const LISTS_REST = 9;
/**
 * A call takes as long as this many objects of a list, a millisecond or so. Of more touched objects
 * than pays, the whole list is read.
 */
const OBJECTS_PER_CALL = 500;
const LEAST_SINGLE = 2;
const MOST_SINGLE = 32;
/** Calls at a time. */
const IN_FLIGHT = 4;

export interface ObjectReaderOptions {
  readonly connection: Connection;
  readonly model: MaglevdModel;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly isShown: () => boolean;
  /** A call failed otherwise than for an unknown name. */
  readonly onError: (error: MaglevError) => void;
}

export class ObjectReader {
  readonly #options: ObjectReaderOptions;
  readonly #objects: Throttle;
  readonly #lists: Throttle;
  /** What is to be read. */
  #touched = noNames();
  /** What has changed since the reading under way began. */
  #newer = noNames();
  /** The reading that is under way. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: ObjectReaderOptions) {
    this.#options = options;
    const { clock } = options;
    const inTurn = (work: () => Promise<void>) => () => {
      this.#turn = this.#turn.then(work).catch((error) => this.#failed(error));
      return this.#turn;
    };
    this.#objects = new Throttle({
      clock,
      everyMs: () => options.isShown() ? OBJECTS_MS : UNSEEN_OBJECTS_MS,
      rest: 1,
      work: inTurn(() => this.#readTouched()),
    });
    this.#lists = new Throttle({
      clock,
      everyMs: () => LISTS_MS,
      rest: LISTS_REST,
      work: inTurn(() => this.#readLists()),
    });
  }

  /** All of it is known from an event, which an answer on its way must not undo. */
  changed(backend: string): void {
    this.#newer.backends.add(backend);
  }

  /** These are not what they were. */
  touch(backends: readonly string[], frontends: readonly string[]): void {
    for (const { backends: known } of [this.#touched, this.#newer]) {
      for (const name of backends) known.add(name);
    }
    for (const { frontends: known } of [this.#touched, this.#newer]) {
      for (const name of frontends) known.add(name);
    }
    this.look();
  }

  /** A browser begins to look: what was put off is read now. */
  look(): void {
    if (this.#touched.backends.size + this.#touched.frontends.size > 0) this.#objects.want();
  }

  /** Everything may have changed. */
  refresh(): void {
    this.#lists.want();
  }

  /** Everything, as it is now, for the first time. */
  async first(): Promise<{ readonly lists: Lists; readonly newer: Newer }> {
    const asked = this.#turn.then(() => this.#askLists());
    this.#turn = asked.then(() => {}, () => {});
    return { lists: await asked, newer: this.#newer };
  }

  async stop(): Promise<void> {
    await Promise.all([this.#objects.stop(), this.#lists.stop()]);
  }

  #failed(error: unknown): void {
    if (!this.#options.signal.aborted) this.#options.onError(MaglevError.from(error));
  }

  async #readLists(): Promise<void> {
    const { model } = this.#options;
    // What was touched before is in the answers.
    const before = this.#take();
    let lists: Lists;
    try {
      lists = await this.#askLists();
    } catch (error) {
      this.touch([...before.backends], [...before.frontends]);
      throw error;
    }
    const now = this.#now();
    model.readLists(lists, { newer: this.#newer, now, whole: false });
  }

  async #askLists(): Promise<Lists> {
    this.#newer = noNames();
    const { connection, model, signal } = this.#options;
    const options = { deadlineMs: LIST_MS, signal };
    const [backends, frontends, healthchecks] = await Promise.all([
      connection.call("ListBackends", { details: true }, options),
      connection.call("ListFrontends", { details: true }, options),
      connection.call("ListHealthChecks", { details: true }, options),
    ]);
    return {
      backends: readBackends(backends.backends, (name) => model.histories.flapsOf(name)),
      frontends: readFrontends(frontends.frontends),
      healthchecks: readHealthChecks(healthchecks.healthchecks),
    };
  }

  async #readTouched(): Promise<void> {
    const { backends, frontends } = this.#take();
    try {
      await this.#readBackends([...backends]);
      await this.#readFrontends([...frontends]);
    } catch (error) {
      this.touch([...backends], [...frontends]);
      throw error;
    }
  }

  async #readBackends(names: readonly string[]): Promise<void> {
    this.#newer = noNames();
    const { connection, model, signal } = this.#options;
    const options = { deadlineMs: LIST_MS, signal };
    const infos = names.length > this.#mostSingle()
      ? (await connection.call("ListBackends", { details: true }, options)).backends
      : await this.#each(names, (name) => connection.call("GetBackend", { name }, options));
    const wanted = new Set(names);
    for (const info of infos) {
      const { name } = info;
      if (!wanted.has(name) || this.#newer.backends.has(name)) continue;
      model.readBackend(backendOf(info, model.histories.flapsOf(name)));
    }
  }

  async #readFrontends(names: readonly string[]): Promise<void> {
    this.#newer = noNames();
    const { connection, model, signal } = this.#options;
    const options = { deadlineMs: LIST_MS, signal };
    const infos = names.length > this.#mostSingle()
      ? (await connection.call("ListFrontends", { details: true }, options)).frontends
      : await this.#each(names, (name) => connection.call("GetFrontend", { name }, options));
    const wanted = new Set(names);
    const now = this.#now();
    for (const info of infos) {
      if (!wanted.has(info.name) || this.#newer.frontends.has(info.name)) continue;
      model.readFrontend(frontendOf(info), now);
    }
  }

  /** Frontends' pools have about as many entries as there are backends. */
  #mostSingle(): number {
    const { size } = this.#options.model.backends;
    return Math.min(Math.max(LEAST_SINGLE, size / OBJECTS_PER_CALL), MOST_SINGLE);
  }

  /** A few calls at a time; an unknown name makes everything be read. */
  async #each<T>(
    names: readonly string[],
    ask: (name: string) => Promise<T>,
  ): Promise<readonly T[]> {
    const found: T[] = [];
    const left = names.values();
    const worker = async () => {
      for (const name of left) {
        try {
          found.push(await ask(name));
        } catch (error) {
          if (MaglevError.from(error).code !== "not-found") throw error;
          this.refresh();
        }
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
    return found;
  }

  #take(): Names {
    const taken = this.#touched;
    this.#touched = noNames();
    return taken;
  }

  #now() {
    const { clock } = this.#options;
    return { nowMs: clock.monotonicMs(), wallMs: clock.wallMs() };
  }
}

interface Names extends Newer {
  readonly backends: Set<string>;
  readonly frontends: Set<string>;
}

function noNames(): Names {
  return { backends: new Set(), frontends: new Set() };
}
