/** Agents of servers, which lower their state or weight. PURE. */
import type { Config } from "../../../src/config/model.ts";
import { Dice } from "./dice.ts";

/** A third of the seeds has agents. Their own dice leave the others as they are. */
export function agentDice(seed: number): Dice | undefined {
  const dice = new Dice(seed ^ 0xa6e47);
  return dice.oneIn(3) ? dice : undefined;
}

/** The configuration with an agent in most healthchecks. */
export function withAgents(config: Config, dice: Dice): Config {
  const healthchecks = [...config.healthchecks].map(([name, check]) => {
    const agent = { port: 9000, intervalMs: dice.pick([500, 1000, 2000]) };
    return [name, dice.oneIn(3) ? check : { ...check, agent }] as const;
  });
  return { ...config, healthchecks: new Map(healthchecks) };
}

/** What an agent reports; it sends all three together. */
export interface Report {
  readonly down: boolean;
  readonly admin: "ready" | "drain" | "maint";
  readonly percent: number;
}

export const READY: Report = { down: false, admin: "ready", percent: 100 };

/** Undefined: the agent does not answer. */
export function randomReport(dice: Dice): Report | undefined {
  if (dice.oneIn(4)) return undefined;
  return {
    down: dice.oneIn(5),
    admin: dice.pick(["ready", "ready", "ready", "drain", "maint"] as const),
    percent: dice.pick([100, 100, 100, 50, 10, 0]),
  };
}

/** The words as the probe of an agent passes them on. */
export function wordsOf({ down, admin, percent }: Report): string {
  return `${down ? "down" : "up"} ${admin} ${percent}%`;
}
