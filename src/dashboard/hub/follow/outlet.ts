/**
 * What a maglevd may send to browsers: a bounded number of events per second. Changes beyond it are
 * combined, so that browsers get the last state of each object a little later; log records beyond
 * it are counted.
 */
import type { Clock } from "../../../base/ports.ts";
import { CHANGES_PER_S, LOG_PER_S } from "../model/bounds.ts";
import type { MaglevdModel, ModelEvent } from "../model/maglevd_model.ts";
import { RateLimit } from "../model/rate_limit.ts";
import { Periodic } from "./periodic.ts";

/** Combined changes are sent this often, in milliseconds. */
const COMBINED_MS = 500;
/** More of them are sent as one whole state. */
const MAX_COMBINED = 64;

export interface OutletOptions {
  readonly clock: Clock;
  readonly send: (event: ModelEvent) => void;
  /** Where the last state of an object is. */
  readonly model: () => MaglevdModel;
}

export class Outlet {
  readonly #options: OutletOptions;
  readonly #changes = new RateLimit(CHANGES_PER_S);
  readonly #logs = new RateLimit(LOG_PER_S);
  readonly #owed = { backends: new Set<string>(), frontends: new Set<string>() };
  readonly #timer: Periodic;
  #dropped = 0;

  constructor(options: OutletOptions) {
    this.#options = options;
    this.#timer = new Periodic(options.clock, COMBINED_MS, () => this.#flush());
  }

  send(event: ModelEvent): void {
    const { clock, send } = this.#options;
    const nowMs = clock.monotonicMs();
    switch (event.type) {
      case "backend":
        // One that is owed would come later than this, with the same object.
        if (this.#changes.take(nowMs)) send(event);
        else this.#owed.backends.add(event.backend.name);
        return;
      case "frontend":
        if (this.#changes.take(nowMs)) send(event);
        else this.#owed.frontends.add(event.frontend.name);
        return;
      case "log":
        if (this.#logs.take(nowMs)) send(event);
        else this.#dropped++;
        return;
      case "maglevd-state":
        this.#owed.backends.clear();
        this.#owed.frontends.clear();
        return send(event);
      default:
        return send(event);
    }
  }

  stop(): void {
    this.#timer.stop();
  }

  #flush(): void {
    const { clock, send } = this.#options;
    const model = this.#options.model();
    const { backends, frontends } = this.#owed;
    if (backends.size + frontends.size > MAX_COMBINED) {
      send({ type: "maglevd-state", state: model.state() });
    } else {
      for (const name of backends) {
        const backend = model.backends.get(name);
        if (backend !== undefined) send({ type: "backend", backend });
      }
      for (const name of frontends) {
        const frontend = model.frontends.get(name);
        if (frontend !== undefined) send({ type: "frontend", frontend });
      }
    }
    backends.clear();
    frontends.clear();
    if (this.#dropped === 0) return;
    const count = String(this.#dropped);
    this.#dropped = 0;
    send({
      type: "log",
      level: "warn",
      time: new Date(clock.wallMs()).toISOString(),
      msg: "events-dropped",
      attributes: { where: "dashboard", count },
    });
  }
}
