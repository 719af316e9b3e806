/** Plans of many VIPs, and of one, by the function that plans a prefix. */
import type {
  ActualVip,
  DesiredVip,
  LbCapabilities,
  Operation,
} from "../../../src/vpp/lb/model.ts";
import { compareVipKeys } from "../../../src/vpp/lb/order.ts";
import {
  groupByPrefix,
  operationsOf,
  planGroup,
  type PlanOptions,
  type VipPlan,
} from "../../../src/vpp/lb/plan.ts";

/** Plans of all VIPs that are wanted or there, in VIP order. */
export function plan(
  desired: readonly DesiredVip[],
  actual: readonly ActualVip[],
  options: PlanOptions,
): VipPlan[] {
  return groupByPrefix(desired.map((vip) => ({ frontend: "", vip })), actual)
    .flatMap((group) => planGroup(group.desired, group.actual, options))
    .sort((a, b) => compareVipKeys(a.vip, b.vip));
}

/** Operations that turn `actual` into `desired`; undefined: there is no plan. */
export function planVip(
  desired: DesiredVip | undefined,
  actual: ActualVip | undefined,
  can: LbCapabilities,
): Operation[] {
  const listOf = <T>(vip: T | undefined) => vip === undefined ? [] : [vip];
  return operationsOf(planGroup(listOf(desired), listOf(actual), { ...can, remove: true }));
}
