/**
 * Sends what happened as events, then counts, logs and stores it, so that VPP does not wait for log
 * and disk.
 */
import { Emitter } from "../async/emitter.ts";
import { MaglevError } from "../base/errors.ts";
import type { Clock, Logger } from "../base/ports.ts";
import { type ChangeBatch, eventsOf, logChanges } from "./change_batch.ts";
import { keptPenalties } from "../damping/kept.ts";
import type { CheckerEvent, PenaltyStore } from "./ports.ts";
import type { Registry } from "./registry.ts";
import type { Tally } from "./tally.ts";

export interface PublisherOptions {
  readonly logger: Logger;
  readonly tally: Tally;
  readonly clock: Pick<Clock, "wallMs" | "monotonicMs">;
  readonly penalties: PenaltyStore | undefined;
}

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #emitter: Emitter<CheckerEvent>;
  #isLameduck = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
    const { logger } = options;
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
    const { logger, tally } = this.#options;
    for (const { name, transition } of batch.transitions) tally.countTransition(name, transition);
    const policyChanges = registry.takePolicyChanges();
    const events = eventsOf(batch, policyChanges);
    const isLameduck = registry.intents.lameduck !== undefined;
    if (isLameduck !== this.#isLameduck) events.push({ kind: "lameduck", on: isLameduck });
    this.#emitter.emit(events);
    logChanges(logger, batch, policyChanges);
    if (isLameduck !== this.#isLameduck) logger.info("lameduck", { on: isLameduck });
    this.#isLameduck = isLameduck;
    if (registry.takePenaltiesChanged()) this.#savePenalties(registry);
  }

  #savePenalties(registry: Registry): void {
    const { penalties, clock } = this.#options;
    penalties?.save(() => {
      const { backends, config } = registry.current;
      const now = { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
      return keptPenalties(backends, config, now);
    });
  }
}
