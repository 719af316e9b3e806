/** Sends what happened as events, then counts and logs it, so that VPP does not wait for the log. */
import { Emitter } from "../async/emitter.ts";
import { MaglevError } from "../base/errors.ts";
import type { Logger } from "../base/ports.ts";
import { type ChangeBatch, eventsOf, logChanges } from "./change_batch.ts";
import type { CheckerEvent } from "./ports.ts";
import type { Registry } from "./registry.ts";
import type { Tally } from "./tally.ts";

export class Publisher {
  readonly #logger: Logger;
  readonly #tally: Tally;
  readonly #emitter: Emitter<CheckerEvent>;

  constructor(logger: Logger, tally: Tally) {
    this.#logger = logger;
    this.#tally = tally;
    this.#emitter = new Emitter((error) => {
      const { message } = MaglevError.from(error);
      logger.error("events-dropped", { count: 1, err: `a subscriber failed: ${message}` });
    });
  }

  /** Calls `listener` with every event until the returned function is called. */
  subscribe(listener: (event: CheckerEvent) => void): () => void {
    return this.#emitter.subscribe(listener);
  }

  /** Publishes the changes of one instant, with those that policies of `registry` made. */
  publish(batch: ChangeBatch, registry: Registry): void {
    for (const { name, transition } of batch.transitions) {
      this.#tally.countTransition(name, transition);
    }
    const policyChanges = registry.takePolicyChanges();
    this.#emitter.emit(eventsOf(batch, policyChanges));
    logChanges(this.#logger, batch, policyChanges);
  }
}
