/** Hashes plans of reloads, and refuses reloads that do another thing than their plan. */
import { finish } from "../async/steps.ts";
import type { WorkedOutReload } from "../checker/worked_reload.ts";
import type { Config } from "../config/model.ts";
import type { MonotonicMs } from "../base/instant.ts";
import { plansOfReload } from "../forecast/forecast.ts";
import { type PlanContext, planText, removalOf } from "../forecast/plan_text.ts";
import type { VipPlan } from "../vpp/lb/plan.ts";
import { capabilitiesOf, type Daemon } from "./wire.ts";

/** SHA-256 of a text, in hexadecimal. */
export type Sha256 = (text: string) => string;

/** A hash without a wait, so that comparing and applying are one turn. Loaded when it is needed. */
export async function loadSha256(): Promise<Sha256> {
  const { createHash } = await import("node:crypto");
  return (text) => createHash("sha256").update(text).digest("hex");
}

/** The circumstances of a plan at this moment. */
export function planContext(
  { vpp }: Pick<Daemon, "vpp">,
  files: Pick<PlanContext, "next" | "inForce">,
): PlanContext {
  const state = vpp?.connection.state;
  if (state === undefined) return { ...files, vpp: { kind: "off" } };
  return state.kind === "connected"
    ? { ...files, vpp: { kind: "connected", bootAtMs: state.info.bootAtMs } }
    : { ...files, vpp: { kind: "disconnected" } };
}

/** `max-removal` in percent; 100 refuses nothing. */
export function removalLimit({ vppLb }: Pick<Config, "vppLb">): number {
  return vppLb?.maxRemoval ?? 100;
}

/** A reload whose hash was asked for. */
export interface AskedPlan {
  readonly hash: string;
  readonly sha256: Sha256;
}

/**
 * The reason why a reload is refused; undefined: it may be applied. With a plan it must be that
 * plan. Without one it may not remove more than `max-removal` of the configuration in force.
 */
export function planProblem(
  worked: WorkedOutReload,
  { daemon, context, asked, atMs }: {
    readonly daemon: Pick<Daemon, "vpp">;
    readonly context: PlanContext;
    readonly asked: AskedPlan | undefined;
    /** The present time. */
    readonly atMs: MonotonicMs;
  },
): string | undefined {
  const plans: readonly VipPlan[] = finish(
    plansOfReload(worked, { can: capabilitiesOf(daemon), atMs }),
  );
  if (asked !== undefined) {
    const hash = asked.sha256(planText(worked, plans, context));
    if (hash === asked.hash) return undefined;
    return "it is not the plan that was asked for: the file, the running configuration, a server's " +
      "state or VPP has changed since; look at `config plan` again";
  }
  const problem = overLimit(worked, plans);
  return problem && `${problem}; look at \`config plan\`, and use ` +
      "`config reload plan <hash>` with its hash";
}

/** A sentence part with what a reload removes over `max-removal`; undefined: nothing. */
export function overLimit(
  worked: WorkedOutReload,
  plans: readonly VipPlan[],
): string | undefined {
  const limit = removalLimit(worked.before.config);
  const { percent, text } = removalOf(worked, plans);
  return percent <= limit ? undefined : `${text}, more than max-removal (${limit} %) allows`;
}
