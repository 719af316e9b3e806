/**
 * Sends the plans of one prefix: first all teardowns, then all builds. Everything is sent in one
 * tick, except the flush of a VIP and what follows it. VPP flushes arbitrary flows when it does not
 * have the VIP, so the operations before a flush must have been answered.
 */
import type { Outcome } from "./apply.ts";
import type { Operation } from "../lb/model.ts";
import type { VipPlan } from "../lb/plan.ts";

/** Collaborators of sendPlans(). */
export interface PlanHooks {
  /** Sends `operations` now; `each` is called for each one when it is answered, in order. */
  apply(
    operations: readonly Operation[],
    each: (operation: Operation, outcome: Outcome) => void,
  ): void;
  /** An operation of `plan` was answered. */
  answered(plan: VipPlan, operation: Operation, outcome: Outcome): void;
  /** True when VPP has the VIP. */
  known(plan: VipPlan): boolean;
  /** The flush of a VIP was left out, because VPP may not have the VIP. */
  skipped(plan: VipPlan): void;
}

export function sendPlans(plans: readonly VipPlan[], hooks: PlanHooks): void {
  let standing = plans.length;
  const taken = () => {
    if (--standing > 0) return;
    for (const plan of plans) new Sending(plan, hooks).send(stagesOf(plan.build), () => {});
  };
  for (const plan of plans) new Sending(plan, hooks).send(stagesOf(plan.teardown), taken);
}

/** `operations`, split before each flush of the VIP. */
function stagesOf(operations: readonly Operation[]): readonly (readonly Operation[])[] {
  const stages: Operation[][] = [[]];
  for (const operation of operations) {
    if (operation.kind === "vip-flush") stages.push([]);
    stages.at(-1)!.push(operation);
  }
  return stages.filter((stage) => stage.length > 0);
}

class Sending {
  readonly #plan: VipPlan;
  readonly #hooks: PlanHooks;
  /** False when the last stage was answered and nothing was done: VPP may lack the VIP. */
  #there = true;

  constructor(plan: VipPlan, hooks: PlanHooks) {
    this.#plan = plan;
    this.#hooks = hooks;
  }

  /** Calls `sent` when the last operation was sent. */
  send(stages: readonly (readonly Operation[])[], sent: () => void): void {
    const [first, ...rest] = stages;
    if (first === undefined) return sent();
    const stage = this.#flushable(first);
    let left = stage.length;
    let done = 0;
    const next = () => this.send(rest, sent);
    if (left === 0) return next();
    this.#hooks.apply(stage, (operation, outcome) => {
      if (outcome.kind === "done") done++;
      this.#hooks.answered(this.#plan, operation, outcome);
      if (--left > 0 || rest.length === 0) return;
      this.#there = done > 0;
      next();
    });
    if (rest.length === 0) sent();
  }

  /** `stage`, without its flush if VPP may lack the VIP. */
  #flushable(stage: readonly Operation[]): readonly Operation[] {
    if (stage[0]?.kind !== "vip-flush") return stage;
    if (this.#there && this.#hooks.known(this.#plan)) return stage;
    this.#hooks.skipped(this.#plan);
    return stage.slice(1);
  }
}
