/** Steps the state machines of single backends, and starts and stops their probing with it. */
import { violated } from "../base/assert.ts";
import type { WallMs } from "../base/instant.ts";
import type { Clock } from "../base/ports.ts";
import { countedState, isCarried, isProbed, STATIC_PASS, step } from "../health/machine.ts";
import type { Backend, HealthEvent, NamedTransition, StepResult } from "../health/state.ts";
import type { CarriedTimes } from "./carried_times.ts";
import type { Registry } from "./registry.ts";
import type { ProbeTargets } from "./targets.ts";

/** One step; its transition is added to the list. */
export interface Step {
  readonly event: HealthEvent;
  /** Unix time in milliseconds. */
  readonly atMs: WallMs;
  readonly transitions: NamedTransition[];
  /** A backend that counts otherwise now, in the same state, or whose agent changed, is added. */
  readonly recounted?: string[];
}

export interface StepperOptions {
  readonly clock: Clock;
  readonly targets: ProbeTargets;
  readonly carried: CarriedTimes;
  /** The registry in force. */
  readonly registry: () => Registry;
}

/** Events without a result of a check: what was carried before them still is. */
const NO_RESULTS: ReadonlySet<HealthEvent["kind"]> = new Set(["void", "release", "clear", "agent"]);

export class Stepper {
  readonly #options: StepperOptions;

  constructor(options: StepperOptions) {
    this.#options = options;
  }

  step(name: string, { event, atMs, transitions, recounted }: Step): StepResult {
    const { clock, carried } = this.#options;
    const before = this.#backend(name);
    const result = step(before, event, atMs, clock.monotonicMs());
    if (!result.ok) return result;
    if (result.backend !== before) this.#options.registry().setBackend(result.backend);
    // The time of a carried backend ends with its first valid result, or an action on it.
    if (isCarried(before) && !NO_RESULTS.has(event.kind)) carried.end(name);
    if (result.transition !== undefined) transitions.push({ name, transition: result.transition });
    else if (
      countedState(result.backend) !== countedState(before) || result.backend.agent !== before.agent
    ) recounted?.push(name);
    return result;
  }

  /** Takes an operator's action on a backend; returns the reason of a refusal, or undefined. */
  act(name: string, step: Step): string | undefined {
    const result = this.step(name, step);
    if (!result.ok) return result.message;
    if (!isProbed(result.backend.state)) this.#options.targets.stop(name);
    else if (result.transition?.to === "unknown") this.begin([name], step.transitions);
    return undefined;
  }

  /** Begins with new backends: static ones pass, the others are probed. */
  begin(names: readonly string[], transitions: NamedTransition[]): void {
    const { registry, clock, targets } = this.#options;
    const { config } = registry();
    const atMs = clock.wallMs();
    const isStatic = (name: string) => config.backends.get(name)?.healthcheck === undefined;
    for (const name of names.filter(isStatic)) {
      this.step(name, { event: { kind: "probe", result: STATIC_PASS }, atMs, transitions });
    }
    const probed = names.filter((name) => !isStatic(name)).map((name) => this.#backend(name));
    targets.startSpread(config, probed);
  }

  #backend(name: string): Backend {
    return this.#options.registry().backend(name) ?? violated(`no backend ${name}`);
  }
}
