/**
 * Carries out the intents that a fleet shares, next to those of this load balancer's own operators.
 * Of several for a backend the most restrictive counts (IntentSet), so its state follows from both.
 */
import { MaglevError } from "../../base/errors.ts";
import type { WallMs } from "../../base/instant.ts";
import type { FrontendConfig } from "../../config/model.ts";
import type { NamedTransition } from "../../health/state.ts";
import { type Intent, intentId, type IntentSet } from "../../intent/intent.ts";
import type { BackendAction } from "../../intent/request.ts";
import type { Registry } from "../registry.ts";
import type { Step } from "../stepper.ts";

/** The time of actions, and the list for their transitions. */
type Moment = Pick<Step, "atMs" | "transitions">;

export interface FleetIntentParts {
  readonly registry: () => Registry;
  readonly nowMs: () => WallMs;
  readonly act: (name: string, step: Step) => string | undefined;
  /** Puts a set in force, with the weights of these frontends. */
  readonly apply: (
    intentSet: IntentSet,
    changed: {
      readonly transitions: readonly NamedTransition[];
      readonly frontends: readonly string[];
    },
  ) => unknown;
}

/** The state that an intent requires. */
const STATES = { pause: "paused", disable: "disabled" } as const;
/** The action that ends it. */
const ENDS = { pause: "resume", disable: "enable" } as const;

export class FleetIntents {
  readonly #parts: FleetIntentParts;

  constructor(parts: FleetIntentParts) {
    this.#parts = parts;
  }

  /**
   * Puts these intents of the fleet in force in place of all earlier ones, as one change. Their
   * names are in the configuration, and the file has no decision of its own in their places.
   */
  put(shared: readonly Intent[]): void {
    const registry = this.#parts.registry();
    const before = registry.intents;
    const after = before.withShared(shared);
    const touched = [...before.shared(), ...shared];
    const transitions: NamedTransition[] = [];
    const moment = { atMs: this.#parts.nowMs(), transitions };
    const backends = new Set(
      touched.flatMap((each) => each.kind === "lameduck" ? [] : each.backend),
    );
    for (const name of [...backends].sort()) {
      const kindOf = (set: IntentSet) => {
        const kind = set.ofBackend(name)?.kind;
        return kind === "drain" ? undefined : kind;
      };
      const [from, to] = [kindOf(before), kindOf(after)];
      if (from !== undefined && from !== to) this.#act(name, ENDS[from], moment);
      if (to !== undefined) this.#act(name, to, moment);
    }
    const frontends = new Set(
      touched.flatMap((each) =>
        each.kind === "weight"
          ? [each.frontend]
          : each.kind === "drain"
          ? registry.frontendsOf(each.backend)
          : []
      ),
    );
    this.#parts.apply(after, { transitions, frontends: [...frontends].sort() });
  }

  /**
   * True when a frontend serves now, and would not with the weights of `config`. Before its checks
   * have decided, their servers count as if they passed: else a start would let everything through.
   */
  isEmptied(frontend: string, config: FrontendConfig): boolean {
    const registry = this.#parts.registry();
    if (registry.isEmptied(frontend, () => config)) return true;
    const mayServe = ({ pools }: FrontendConfig) =>
      pools.some(({ backends }) =>
        backends.some(({ name, weight }) => {
          const state = weight > 0 ? registry.backend(name)?.state : undefined;
          return state === "unknown" || state === "up";
        })
      );
    return !mayServe(config) && mayServe(registry.frontend(frontend)!.config);
  }

  /** The intent of the fleet that keeps a backend from a resume or an enable. */
  heldBy(backend: string, kind: BackendAction | "clear"): Intent | undefined {
    const { intents } = this.#parts.registry();
    const shared = intents.sharedOfBackend(backend);
    if (shared?.kind === "drain") {
      const local = intents.localOfBackend(backend);
      const ends = kind === "resume" || kind === "enable";
      return ends && (local === undefined || local.kind === "drain") ? shared : undefined;
    }
    return shared !== undefined && ENDS[shared.kind] === kind ? shared : undefined;
  }

  /** Ends a pause or disable of this load balancer, unless the fleet requires the same state. */
  end(name: string, kind: BackendAction, moment: Moment): void {
    if (this.heldBy(name, kind) !== undefined) return;
    this.#act(name, kind, moment);
    this.obey(name, moment);
  }

  /** Brings a backend into the state that the fleet requires. */
  obey(name: string, moment: Moment): void {
    const shared = this.#parts.registry().intents.sharedOfBackend(name);
    if (shared === undefined || shared.kind === "drain") return;
    if (this.#parts.registry().backend(name)?.state !== STATES[shared.kind]) {
      this.#act(name, shared.kind, moment);
    }
  }

  #act(name: string, kind: BackendAction, moment: Moment): void {
    this.#parts.act(name, { event: { kind }, ...moment });
  }
}

/** Why an action of this load balancer's operators does not end an intent of the fleet. */
export function heldError(action: string, backend: string, shared: Intent): MaglevError {
  const { scope = "", by, kind } = shared;
  const who = by.identity === "" ? by.peer : by.identity;
  return new MaglevError(
    "failed-precondition",
    `cannot ${action} backend ${JSON.stringify(backend)}: ${kind} ${intentId(shared)} of ${who} ` +
      `has scope ${scope}; end it with this scope, or with \`cancel intent ${intentId(shared)}\``,
  );
}
