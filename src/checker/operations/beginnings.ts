/**
 * Begins scheduled intents whose time has come, the earliest first. Those that are due in the same
 * moment take effect together: one set of intents is stored, each frontend is evaluated once, and
 * VPP gets one run of operations.
 *
 * What depends on an earlier beginning is decided after that one has taken effect: a second intent
 * for the same target, and a drain that may take the last server of a frontend.
 */
import type { WallMs } from "../../base/instant.ts";
import type { Clock, Logger } from "../../base/ports.ts";
import { isProbed } from "../../health/machine.ts";
import type { NamedTransition } from "../../health/state.ts";
import { type DueIntent, logDropped, logIntents } from "../../intent/expiry.ts";
import { type Intent, type IntentSet, targetKey } from "../../intent/intent.ts";
import type { DroppedIntent } from "../../intent/rules.ts";
import { begun, cancelled, obstacle } from "../../intent/schedule.ts";
import type { Registry } from "../registry.ts";
import type { Step } from "../stepper.ts";
import { drainObstacle, undecided } from "./worked_request.ts";

/** The side of the operations. */
export interface BeginningsParts {
  readonly registry: () => Registry;
  readonly clock: Pick<Clock, "wallMs">;
  readonly logger: Logger;
  /** Takes an action; returns the reason of a refusal, or undefined. */
  readonly act: (name: string, step: Step) => string | undefined;
  /** Puts intents in force, with the weights of these frontends, and publishes what changed. */
  readonly apply: (intentSet: IntentSet, changes: {
    readonly transitions: readonly NamedTransition[];
    readonly frontends: readonly string[];
  }) => void;
}

/** Beginnings that have not taken effect yet. */
interface Batch {
  /** Scheduled intents that began, or that cannot. */
  readonly over: Intent[];
  readonly begun: Intent[];
  readonly transitions: NamedTransition[];
  /** Frontends with other weights, other than through a state. */
  readonly reweighed: Set<string>;
  /** Everything that a decision about another beginning may depend on. */
  readonly targets: Set<string>;
  readonly backends: Set<string>;
  readonly frontends: Set<string>;
  /** For the log, in order. */
  readonly outcomes: (Intent | DroppedIntent)[];
}

export class Beginnings {
  readonly #parts: BeginningsParts;
  /** Scheduled drains that cannot begin, and the reason last reported. */
  readonly #waiting = new WeakMap<Intent, string>();
  #batch = emptyBatch();

  constructor(parts: BeginningsParts) {
    this.#parts = parts;
  }

  /** One that cannot begin yet stays scheduled. */
  begin(due: readonly DueIntent[]): void {
    for (const { intent: scheduled, leftMs } of due) {
      if (this.#batch.targets.has(targetKey(scheduled))) this.#takeEffect();
      const { intents, config } = this.#registry;
      if (!intents.has(scheduled)) continue;
      const problem = obstacle(scheduled, { intents, config, leftMs });
      if (problem !== undefined) this.#drop(scheduled, problem);
      else if (!this.#mustWait(scheduled)) this.#start(scheduled, leftMs);
    }
    this.#takeEffect();
  }

  #start(scheduled: Intent, leftMs: number): void {
    const { intents, config } = this.#registry;
    const nowMs = this.#parts.clock.wallMs();
    const intent = begun(scheduled, { config, leftMs, nowMs });
    const replaced = this.#takeOut(intent, { intents, nowMs });
    if (typeof replaced === "string") return this.#drop(scheduled, replaced);
    const { over, begun: started, targets, outcomes } = this.#batch;
    over.push(scheduled);
    started.push(intent);
    targets.add(targetKey(intent));
    outcomes.push(intent);
    for (const each of replaced === undefined ? [intent] : [intent, replaced]) this.#touch(each);
  }

  /** Acts on the backend of an intent; the intent that it replaces, or the reason of a refusal. */
  #takeOut(
    intent: Intent,
    { intents, nowMs: atMs }: { readonly intents: IntentSet; readonly nowMs: WallMs },
  ): Intent | string | undefined {
    if (intent.kind === "weight" || intent.kind === "lameduck") return undefined;
    const { kind, backend } = intent;
    const { transitions } = this.#batch;
    const replaced = intents.localOfBackend(backend);
    // A disable keeps a backend from a pause.
    if (replaced !== undefined && replaced.kind !== kind) {
      for (const action of cancelled(replaced)) {
        this.#parts.act(backend, { event: { kind: action.kind }, atMs, transitions });
      }
    }
    if (kind === "drain") return replaced;
    return this.#parts.act(backend, { event: { kind }, atMs, transitions }) ?? replaced;
  }

  /** Notes the frontends and backends that an intent changes. */
  #touch(intent: Intent): void {
    if (intent.kind === "lameduck") return;
    const { backends, frontends, reweighed } = this.#batch;
    const own = intent.kind === "weight"
      ? [intent.frontend]
      : this.#registry.frontendsOf(intent.backend);
    backends.add(intent.backend);
    for (const frontend of own) {
      frontends.add(frontend);
      if (intent.kind === "weight" || intent.kind === "drain") reweighed.add(frontend);
    }
  }

  /**
   * True while a scheduled drain would take the last server with a weight from a frontend, or might
   * because the checks have not decided yet.
   */
  #mustWait(scheduled: Intent): boolean {
    if (scheduled.kind !== "drain" || scheduled.force === true) return false;
    const { backend } = scheduled;
    if (this.#leavesOther(backend)) return false;
    const own = this.#registry.frontendsOf(backend);
    if (own.some((frontend) => this.#batch.frontends.has(frontend))) this.#takeEffect();
    const message = drainObstacle(this.#registry, { backend, force: false }) ??
      undecided(this.#registry, backend);
    if (message === undefined) return false;
    if (this.#waiting.get(scheduled) !== message) {
      this.#waiting.set(scheduled, message);
      logIntents(this.#parts.logger, "operator-intent-waiting", [scheduled], message);
    }
    return true;
  }

  /** True when every frontend keeps a server that is up, and that nothing of the batch changes. */
  #leavesOther(backend: string): boolean {
    const { backends } = this.#batch;
    const isOther = (name: string) => name !== backend && !backends.has(name);
    return isProbed(this.#registry.backend(backend)!.state) &&
      this.#registry.frontendsOf(backend).every((name) => this.#registry.hasUp(name, isOther));
  }

  #drop(intent: Intent, cause: string): void {
    this.#batch.over.push(intent);
    this.#batch.outcomes.push({ intent, cause });
  }

  #takeEffect(): void {
    const { over, begun, transitions, reweighed, outcomes } = this.#batch;
    if (over.length === 0) return;
    this.#batch = emptyBatch();
    const intentSet = this.#registry.intents.replaced(over, begun);
    this.#parts.apply(intentSet, { transitions, frontends: [...reweighed] });
    const { logger } = this.#parts;
    for (const outcome of outcomes) {
      if ("cause" in outcome) logDropped(logger, [outcome]);
      else logIntents(logger, "operator-intent-begun", [outcome]);
    }
  }

  get #registry(): Registry {
    return this.#parts.registry();
  }
}

function emptyBatch(): Batch {
  return {
    over: [],
    begun: [],
    transitions: [],
    reweighed: new Set(),
    targets: new Set(),
    backends: new Set(),
    frontends: new Set(),
    outcomes: [],
  };
}
