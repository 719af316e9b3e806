/**
 * Executes the plans of one prefix: first the operations that take VIPs down, then those that put
 * them up. Operations are sent in order without awaiting each, because VPP answers in order. Each
 * answer is logged and reported.
 *
 * All operations are sent in one tick, except the flush of a VIP and those that follow it. VPP
 * flushes an arbitrary VIP when it lacks the named one, so the operations before a flush must have
 * been answered first.
 */
import { MaglevError } from "../../base/errors.ts";
import type { LogFields, Logger } from "../../base/ports.ts";
import type { Operation, VipKey } from "../lb/model.ts";
import { protocolName, vipPrefix } from "../lb/model.ts";
import type { VipPlan } from "../lb/plan.ts";
import type { LbApi, Retval } from "../ports.ts";
import { RETVAL, retvalName } from "../wire/retval.ts";

/** The outcome of an operation. */
export type Outcome =
  | { readonly kind: "done" }
  /** VPP refused it; see wire/retval.ts. */
  | { readonly kind: "refused"; readonly retval: Retval }
  /** It was not sent, or its reply was invalid; the result is unknown. */
  | { readonly kind: "unanswered"; readonly error: MaglevError }
  /** The connection ended, for example because a reply timed out; the result is unknown. */
  | { readonly kind: "lost" };

/** The state that sending depends on, and the receiver of outcomes. */
export interface PlanHooks {
  /** An operation of `plan` was answered. */
  answered(plan: VipPlan, operation: Operation, outcome: Outcome): void;
  /** True when VPP has the VIP. */
  known(plan: VipPlan): boolean;
  /** The flush of a VIP was left out, because VPP may not have the VIP. */
  skipped(plan: VipPlan): void;
  /** False when the VIP should be different by now. */
  isCurrent(plan: VipPlan): boolean;
  /** plan.build is not sent, because it is not current: the VIP must be planned again. */
  dropped(plan: VipPlan): void;
}

/** Bulk work pauses at FULL requests in flight, and continues at REFILL. */
const FULL = 128;
const REFILL = 64;

/**
 * The operations in flight on one connection. The client sends up to 256 requests and queues the
 * rest. So bulk work waits for room() first, and an urgent change never has to queue.
 */
export class Applier {
  readonly #lb: LbApi;
  readonly #logger: Logger;
  #inFlight = 0;
  #waiters: (() => void)[] = [];

  constructor(lb: LbApi, logger: Logger) {
    this.#lb = lb;
    this.#logger = logger;
  }

  /** Operations sent and not answered. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Resolves when there is room for bulk work; undefined when there is room already. */
  room(): Promise<void> | undefined {
    if (this.#inFlight < FULL) return undefined;
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /**
   * Sends the plans of one prefix. What a plan builds may have to wait for the teardown of any of
   * them. If the VIP should be different by then, the plan builds nothing.
   */
  applyPlans(plans: readonly VipPlan[], hooks: PlanHooks): void {
    const sending = (plan: VipPlan) => new Sending(plan, this, hooks);
    let standing = plans.length;
    let waited = false;
    const taken = () => {
      if (--standing > 0) return;
      const stale = waited ? plans.filter((plan) => !hooks.isCurrent(plan)) : [];
      for (const plan of plans) {
        if (!stale.includes(plan)) sending(plan).send(stagesOf(plan.build), () => {});
      }
      for (const plan of stale) hooks.dropped(plan);
    };
    for (const plan of plans) sending(plan).send(stagesOf(plan.teardown), taken);
    waited = true;
  }

  /** Sends `operations` now; `onOutcome` is called once for each, in the order of VPP's replies. */
  apply(
    operations: readonly Operation[],
    onOutcome: (operation: Operation, outcome: Outcome) => void,
  ): void {
    for (const operation of operations) {
      const settle = (outcome: Outcome) => {
        this.#settled();
        this.#log(operation, outcome);
        onOutcome(operation, outcome);
      };
      this.#inFlight++;
      send(this.#lb, operation).then(
        (retval) => settle(isDone(operation, retval) ? DONE : { kind: "refused", retval }),
        (error) => settle(outcomeOf(MaglevError.from(error))),
      );
    }
  }

  #settled(): void {
    this.#inFlight--;
    if (this.#inFlight > REFILL || this.#waiters.length === 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }

  #log(operation: Operation, outcome: Outcome): void {
    if (outcome.kind === "lost") return;
    if (outcome.kind === "done") {
      if (!this.#logger.enabled("info")) return;
      this.#logger.info(`vpp-lbsync-${operation.kind}`, operationFields(operation));
      return;
    }
    this.#logger.warn("vpp-lbsync-error", {
      operation: operation.kind,
      ...operationFields(operation),
      err: outcome.kind === "refused" ? retvalName(outcome.retval) : outcome.error.message,
    });
  }
}

const DONE: Outcome = { kind: "done" };

/** A flush of a server that VPP has collected already counts as done: it had no flow left. */
function isDone(operation: Operation, retval: Retval): boolean {
  return retval === 0 || (operation.kind === "as-flush" && retval === RETVAL.noSuchEntry);
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

/** The sending of one plan, in stages. */
class Sending {
  readonly #plan: VipPlan;
  readonly #applier: Applier;
  readonly #hooks: PlanHooks;
  /** False when the last stage was answered and nothing was done: VPP may lack the VIP. */
  #there = true;

  constructor(plan: VipPlan, applier: Applier, hooks: PlanHooks) {
    this.#plan = plan;
    this.#applier = applier;
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
    this.#applier.apply(stage, (operation, outcome) => {
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

/** The log fields that identify a VIP. */
export function vipFields(vip: VipKey): LogFields {
  return { vip: vipPrefix(vip), protocol: protocolName(vip.protocol), port: vip.port };
}

function send(lb: LbApi, operation: Operation): Promise<Retval> {
  const { vip } = operation;
  switch (operation.kind) {
    case "vip-add":
      return lb.addVip(operation.vip);
    case "vip-del":
      return lb.deleteVip(operation.vip);
    case "as-add":
      return lb.addServer(vip, operation.address, operation.weight);
    case "as-del":
      return lb.deleteServer(vip, operation.address, operation.flush);
    case "as-weight":
      return lb.setWeight(vip, operation.address, operation.weight, operation.flush);
    case "as-flush":
      return lb.deleteServer(vip, operation.address, true);
    case "vip-flush":
      return lb.flushVip(vip);
  }
}

function outcomeOf(error: MaglevError): Outcome {
  // The client ends the connection when a reply is overdue.
  return error.code === "unavailable" || error.code === "deadline-exceeded"
    ? { kind: "lost" }
    : { kind: "unanswered", error };
}

function operationFields(operation: Operation): LogFields {
  const vip = vipFields(operation.vip);
  switch (operation.kind) {
    case "vip-add":
      return {
        ...vip,
        encap: operation.vip.encap,
        "src-ip-sticky": operation.vip.srcIpSticky,
        "new-flows-table-length": operation.vip.newFlowsTableLength,
      };
    case "vip-del":
      return vip;
    case "as-add":
      return { ...vip, address: operation.address.text, weight: operation.weight, flush: false };
    case "as-del":
      return {
        ...vip,
        address: operation.address.text,
        weight: operation.weight,
        flush: operation.flush,
      };
    case "as-weight":
      return {
        ...vip,
        address: operation.address.text,
        weight: operation.weight,
        "previous-weight": operation.previousWeight,
        flush: operation.flush,
      };
    case "as-flush":
      return { ...vip, address: operation.address.text, flush: true };
    case "vip-flush":
      return { ...vip, message: operation.reason };
  }
}
