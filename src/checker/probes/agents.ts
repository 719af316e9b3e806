/** Follows what the agents of backends report (health/agent.ts), and logs it. */
import type { Logger } from "../../base/ports.ts";
import { afterWords, AGENT_READY, agentText, sameAgent, UNKNOWN_WORD } from "../../health/agent.ts";
import { isProbed } from "../../health/machine.ts";
import type { Backend, HealthEvent, ProbeResult } from "../../health/state.ts";
import type { WorkedOutReload } from "../worked_reload.ts";

/** An agent that has not answered this often in a row is forgotten. */
export const FORGOTTEN_AFTER = 3;

/** The agents of all backends. */
export class Agents {
  readonly #logger: Logger;
  /** Failures in a row, by backend. */
  readonly #failures = new Map<string, number>();
  /** Backends of which an unknown word was reported. */
  readonly #warned = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** The event that follows from a result of a backend or of its agent; undefined: nothing. */
  eventOf(
    { name, agent }: Backend,
    { isAgent, result }: { readonly isAgent: boolean; readonly result: ProbeResult },
  ): HealthEvent | undefined {
    if (!isAgent) return { kind: "probe", result };
    const { ok, detail } = result;
    if (!ok) return this.#silent(name, agent !== undefined);
    this.#failures.delete(name);
    if (detail.endsWith(UNKNOWN_WORD)) this.#warn(name);
    const next = afterWords(agent ?? AGENT_READY, detail);
    if (sameAgent(next, agent ?? AGENT_READY)) return undefined;
    this.#logger.info("agent-report", { backend: name, agent: agentText(next) });
    return { kind: "agent", agent: sameAgent(next, AGENT_READY) ? undefined : next };
  }

  /** Forgets backends that were removed, and logs agents that the reload forgot. */
  reloaded({ before, outline, plan }: WorkedOutReload): void {
    for (const name of outline.stopped) {
      this.#failures.delete(name);
      this.#warned.delete(name);
    }
    for (const name of outline.restarted) {
      if (before.backends.get(name)?.agent === undefined) continue;
      const after = plan.backends.get(name);
      if (after === undefined || after.agent !== undefined || !isProbed(after.state)) continue;
      this.#failures.delete(name);
      this.#logger.warn("agent-forgotten", { backend: name });
    }
  }

  #silent(name: string, known: boolean): HealthEvent | undefined {
    const failures = (this.#failures.get(name) ?? 0) + 1;
    this.#failures.set(name, failures);
    if (!known || failures < FORGOTTEN_AFTER) return undefined;
    this.#logger.warn("agent-forgotten", { backend: name });
    return { kind: "agent", agent: undefined };
  }

  #warn(name: string): void {
    if (this.#warned.has(name)) return;
    this.#warned.add(name);
    this.#logger.warn("agent-unknown-word", { backend: name });
  }
}
