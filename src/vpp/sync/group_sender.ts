/**
 * Plans the VIPs of one prefix against the known state, passes the plans through the guards
 * (guard/guards.ts), sends what is left, and updates the known state from the replies.
 */
import type { Clock, Logger, Timer } from "../../base/ports.ts";
import type { Applier, Outcome } from "./apply.ts";
import { vipFields } from "./apply.ts";
import type { Guards } from "./guard/guards.ts";
import type { KnownState } from "./known_state.ts";
import type { PrefixLocks } from "./prefix_locks.ts";
import type { DesiredVip, LbCapabilities, Operation } from "../lb/model.ts";
import { vipKeyText, vipPrefix } from "../lb/model.ts";
import { withKeptWeights } from "../lb/keep.ts";
import type { VipGroup, VipPlan } from "../lb/plan.ts";
import { operationsOf, planGroup, sameVip } from "../lb/plan.ts";
import type { RecreateLimit } from "../lb/guard/recreate_limit.ts";
import type { PoolIndices } from "./pool_indices.ts";
import type { SentWeights } from "./sent_weights.ts";
import type { SyncBatch } from "./report.ts";
import type { WithheldList } from "./guard/withheld.ts";

/** The state of a session that sending reads and changes, and the session's callbacks. */
export interface GroupSenderOptions {
  readonly applier: Applier;
  readonly guards: Guards;
  readonly withheld: WithheldList;
  readonly known: KnownState;
  readonly sent: SentWeights;
  readonly locks: PrefixLocks;
  readonly indices: PoolIndices;
  readonly capabilities: LbCapabilities;
  /** The VIPs that the frontends of a group should have now. */
  readonly newest: (group: SendGroup) => readonly DesiredVip[];
  readonly recreations: RecreateLimit;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Operations of this VIP are about to be sent. */
  readonly touched: (key: string) => void;
  /** Called when the known state of this VIP proved wrong. */
  readonly suspect: (key: string) => void;
  /** True while a full run may remove the VIP that conflicts with a new one. */
  readonly mayDefer: () => boolean;
  /** A VIP of this prefix became idle. */
  readonly freed: (prefix: string) => void;
  /** These VIPs may be recreated again. */
  readonly again: (keys: readonly string[]) => void;
}

/** The prefix of a send, and the frontends of its VIPs. */
export type SendGroup = Pick<VipGroup, "prefix" | "frontends">;

/** Options of a send. */
export interface SendOptions {
  readonly group: SendGroup;
  readonly remove: boolean;
  readonly batch: SyncBatch;
  /** True when it will be planned once more, so that withheld operations are not reported yet. */
  readonly tentative?: boolean;
}

/** The outcome of a send. */
export interface Sent {
  /** False when something was withheld. */
  readonly complete: boolean;
  /** True when a VIP is taken down and put up again. */
  readonly recreates: boolean;
}

export class GroupSender {
  readonly #options: GroupSenderOptions;
  /** VIPs that must be recreated again, but were recreated less than a minute ago. */
  readonly #recreateLater = new Set<string>();
  /** Fires when the first of them may be recreated. */
  #recreateTimer: Timer | undefined;

  constructor(options: GroupSenderOptions) {
    this.#options = options;
  }

  close(): void {
    this.#recreateTimer?.cancel();
  }

  /** Plans and sends `desired`; none of the VIPs may be busy. */
  send(desired: readonly DesiredVip[], options: SendOptions): Sent {
    const { known, guards, withheld: list, capabilities, applier, newest } = this.#options;
    const { weights } = capabilities;
    const { group, remove, batch, tentative = false } = options;
    for (const vip of desired) known.forgetFlushes(vip);
    const guarded = planGroup(desired, known.onPrefix(group.prefix), { remove, weights })
      .map((planned) => ({ planned, ...guards.pass(planned) }));
    for (const { plan, withheld } of guarded) {
      if (withheld.length === 0 || !tentative) list.set(plan.key, withheld);
      if (withheld.length > 0 && !tentative) batch.fail();
      if (withheld.some(({ kind }) => kind === "recreate")) this.#recreateLater.add(plan.key);
      else this.#recreateLater.delete(plan.key);
    }
    for (const { planned, plan } of guarded) {
      if (plan.conflict === undefined) this.#note(planned, plan);
    }
    this.#armRecreation();
    const due = guarded.map(({ plan }) => plan).filter((plan) => this.#begin(plan, batch));
    applier.applyPlans(due, {
      answered: (plan, operation, outcome) => {
        this.#take(plan, operation, { outcome, batch });
        this.#answered(plan, batch);
      },
      known: (plan) => known.get(plan.vip) !== undefined,
      skipped: (plan) => this.#answered(plan, batch),
      isCurrent: (plan) =>
        isCurrent(plan, newest(group).find((vip) => vipKeyText(vip) === plan.key)),
      dropped: (plan) => this.#dropped(plan, options),
    });
    return {
      complete: guarded.every(({ withheld }) => withheld.length === 0),
      recreates: due.some(({ recreate }) => recreate !== undefined),
    };
  }

  /** Remembers what `plan`, the part of `planned` that is not withheld, sends. */
  #note(planned: VipPlan, { key, desired, teardown, build }: VipPlan): void {
    const { sent } = this.#options;
    const passed = new Set([...teardown, ...build]);
    const withheld = operationsOf([planned]).filter((operation) => !passed.has(operation));
    if (withheld.some(({ kind }) => kind === "vip-add" || kind === "vip-del")) return;
    if (desired === undefined) return sent.removed(key);
    const addresses = withheld.flatMap((operation) =>
      "address" in operation ? [operation.address.text] : []
    );
    sent.sent(desired, new Set(addresses));
  }

  #armRecreation(): void {
    const { clock, recreations, again } = this.#options;
    this.#recreateTimer?.cancel();
    this.#recreateTimer = undefined;
    if (this.#recreateLater.size === 0) return;
    const waits = [...this.#recreateLater].map((key) => recreations.waitMs(key));
    this.#recreateTimer = clock.after(Math.min(...waits), () => {
      const due = [...this.#recreateLater].filter((key) => recreations.waitMs(key) === 0);
      for (const key of due) this.#recreateLater.delete(key);
      this.#armRecreation();
      again(due);
    });
  }

  /** Prepares to send the plan; false when it has no operations. */
  #begin(plan: VipPlan, batch: SyncBatch): boolean {
    const { logger, mayDefer, recreations, touched, indices, locks } = this.#options;
    const operations = plan.teardown.length + plan.build.length;
    if (plan.conflict !== undefined) {
      if (batch.scope === "vip" && mayDefer()) {
        batch.defer();
      } else {
        batch.fail();
        logger.warn("vpp-lbsync-error", { ...vipFields(plan.vip), err: plan.conflict });
      }
    }
    if (operations === 0) return false;
    if (plan.recreate !== undefined) {
      recreations.recreated(plan.key);
      logger.info("vpp-lbsync-vip-recreate", { ...vipFields(plan.vip), message: plan.recreate });
    }
    touched(plan.key);
    indices.sending(plan);
    locks.enter(vipPrefix(plan.vip), plan.key, operations);
    batch.begin();
    return true;
  }

  /** Has the VIP planned again, as soon as what was sent for it is answered. */
  #dropped(plan: VipPlan, { group: { prefix, frontends }, batch }: SendOptions): void {
    const { guards, locks } = this.#options;
    for (const frontend of frontends) locks.defer(prefix, frontend, batch.trigger);
    for (const operation of plan.build) {
      guards.settled(operation);
      this.#answered(plan, batch);
    }
  }

  /** One operation of the plan was answered, or was left out. */
  #answered(plan: VipPlan, batch: SyncBatch): void {
    const prefix = vipPrefix(plan.vip);
    if (!this.#options.locks.answered(prefix, plan.key)) return;
    batch.end();
    this.#options.freed(prefix);
  }

  /** Updates the known state by the outcome of an operation. */
  #take(plan: VipPlan, operation: Operation, { outcome, batch }: Taken): void {
    const { guards, known, suspect } = this.#options;
    guards.settled(operation);
    switch (outcome.kind) {
      case "done":
        known.acknowledged(operation, plan.desired);
        return batch.done(operation.kind);
      case "lost":
        return batch.lose();
      case "refused":
      // VPP refuses nothing while the known state is right. So any refusal means that it is wrong.
      case "unanswered":
        suspect(plan.key);
        return batch.fail();
    }
  }
}

/** `newest`: the VIP as it should be now; undefined: a reload has removed it since. */
function isCurrent(
  { desired, actual, recreate }: VipPlan,
  newest: DesiredVip | undefined,
): boolean {
  if (desired === undefined) return true;
  if (newest === undefined) return false;
  // A weight that VPP had before it is recreated is in this plan alone.
  if (recreate !== undefined && newest.servers.some(({ keep }) => keep === true)) return true;
  return sameVip(withKeptWeights(newest, actual), desired);
}

interface Taken {
  readonly outcome: Outcome;
  readonly batch: SyncBatch;
}
