/**
 * Plans the operations that change VPP's actual state to the desired one, in an order that keeps
 * traffic flowing.
 *
 *     desired   actual         operations
 *     -         VIP            servers deleted with flush, VIP deleted
 *     VIP       -              VIP added, servers added
 *     VIP       VIP, other     both of the above (recreate): sticky flag, encapsulation and
 *               make           table length are fixed when VPP adds a VIP
 *     VIP       VIP            weight raises, adds, cuts, cuts with flush, deletes
 *
 * In a VPP without weights (see unweighted.ts) cuts are deletes, with flush where flush is due.
 *
 * A packet that finds a VIP without weight makes its flow unsticky for the flow's lifetime. So a
 * VIP that gets its first weight is flushed once, after the last operation, unless one of its
 * servers may have flows that must stay. One flush of the VIP also replaces the flushes of all its
 * servers, because each flush walks all sticky buckets of all threads while VPP forwards nothing.
 *
 * Operations that add servers come before those that remove them, so that a VIP with servers before
 * and after is never without. Cuts without flush come before those with flush, so that flows
 * flushed off one server do not go to another that is about to lose its weight.
 *
 * VIPs of different prefixes are independent. Those of one prefix are not (see conflict.ts):
 * planGroup() deletes VIPs before it adds others, and defers VIPs that VPP would refuse, with the
 * reason.
 */
import { conflictBetween } from "./conflict.ts";
import { desiredServers } from "./unweighted.ts";
import { withKeptWeights } from "./keep.ts";
import type {
  ActualServer,
  ActualVip,
  DesiredServer,
  DesiredVip,
  LbCapabilities,
  Operation,
  VipFlushReason,
  VipKey,
} from "./model.ts";
import { vipKeyText, vipPrefix } from "./model.ts";
import { compareVipKeys, inOrder, pairByAddress } from "./order.ts";

/** The plan of one VIP. */
export interface VipPlan {
  /** vipKeyText() of the VIP. */
  readonly key: string;
  readonly vip: VipKey;
  readonly desired: DesiredVip | undefined;
  readonly actual: ActualVip | undefined;
  /** Deletes the VIP; sent before every `build` of the same prefix. */
  readonly teardown: readonly Operation[];
  /** Adds the VIP, or changes it. */
  readonly build: readonly Operation[];
  /** The reason why it is recreated; undefined when it is not. */
  readonly recreate: string | undefined;
  /** The reason why the desired VIP cannot be added; undefined without a conflict. */
  readonly conflict: string | undefined;
}

/** Options of planGroup(). */
export interface PlanOptions extends LbCapabilities {
  /** True to remove VIPs that are not desired; false to leave them as they are. */
  readonly remove: boolean;
}

/** The reason why `actual` must be recreated to become `desired`; undefined when it can change. */
export function recreateReason(desired: DesiredVip, actual: ActualVip): string | undefined {
  if (desired.encap !== actual.encap) return `encap ${actual.encap} to ${desired.encap}`;
  if (desired.srcIpSticky !== actual.srcIpSticky) {
    return `src-ip-sticky ${actual.srcIpSticky} to ${desired.srcIpSticky}`;
  }
  const length = actual.newFlowsTableLength === 0 ? 65536 : actual.newFlowsTableLength;
  if (desired.newFlowsTableLength !== length) {
    return `new-flows-table-length ${length} to ${desired.newFlowsTableLength}`;
  }
  return undefined;
}

/** True when both lead to the same operations. */
export function sameVip(a: DesiredVip, b: DesiredVip): boolean {
  return a.encap === b.encap && a.srcIpSticky === b.srcIpSticky &&
    a.newFlowsTableLength === b.newFlowsTableLength &&
    pairByAddress(a.servers, b.servers).every(({ left, right }) =>
      left !== undefined && left.weight === right?.weight && left.flush === right.flush
    );
}

/** A desired VIP and its frontend. */
export interface WantedVip {
  readonly frontend: string;
  readonly vip: DesiredVip;
}

/** The VIPs of one prefix: input of planGroup(). */
export interface VipGroup {
  /** `192.0.2.1/32`. */
  readonly prefix: string;
  /** Frontends whose VIPs are in `desired`, in the same order. */
  readonly frontends: readonly string[];
  /** In VIP order; empty for a prefix without desired VIPs. */
  readonly desired: readonly DesiredVip[];
  /** In VIP order. */
  readonly actual: readonly ActualVip[];
}

/** All prefixes with desired or actual VIPs, in VIP order. */
export function groupByPrefix(
  wanted: readonly WantedVip[],
  there: readonly ActualVip[],
): readonly VipGroup[] {
  const groups = new Map<string, ReturnType<typeof emptyGroup>>();
  const groupOf = (vip: DesiredVip | ActualVip) => {
    const prefix = vipPrefix(vip);
    let group = groups.get(prefix);
    if (group === undefined) groups.set(prefix, group = emptyGroup(prefix));
    return group;
  };
  for (const { frontend, vip } of inOrder(wanted, (a, b) => compareVipKeys(a.vip, b.vip))) {
    const group = groupOf(vip);
    group.frontends.push(frontend);
    group.desired.push(vip);
  }
  for (const vip of inOrder(there, compareVipKeys)) groupOf(vip).actual.push(vip);
  const first = ({ desired, actual }: VipGroup) => desired[0] ?? actual[0]!;
  return inOrder([...groups.values()], (a, b) => compareVipKeys(first(a), first(b)));
}

function emptyGroup(prefix: string) {
  return {
    prefix,
    frontends: [] as string[],
    desired: [] as DesiredVip[],
    actual: [] as ActualVip[],
  };
}

/** Plans of the desired and actual VIPs of one prefix, in VIP order; some may be empty. */
export function planGroup(
  desired: readonly DesiredVip[],
  actual: readonly ActualVip[],
  options: PlanOptions,
): VipPlan[] {
  const present = new Map(actual.map((vip) => [vipKeyText(vip), vip]));
  const plans: VipPlan[] = [];
  for (const vip of desired) {
    const key = vipKeyText(vip);
    const actualVip = present.get(key);
    plans.push(planOne(withKeptWeights(vip, actualVip), actualVip, options));
    present.delete(key);
  }
  for (const [key, vip] of present) {
    if (options.remove) plans.push(planRemoval(key, vip));
  }
  plans.sort((a, b) => compareVipKeys(a.vip, b.vip));
  const staying = options.remove ? [] : [...present.values()];
  return staying.length + plans.length < 2 ? plans : deferConflicts(plans, staying);
}

/** The operations of `plans` (of one prefix or of many) in the order in which they are sent. */
export function operationsOf(plans: readonly VipPlan[]): Operation[] {
  return [...plans.flatMap((p) => p.teardown), ...plans.flatMap((p) => p.build)];
}

function planOne(
  desired: DesiredVip,
  actual: ActualVip | undefined,
  can: LbCapabilities,
): VipPlan {
  const key = vipKeyText(desired);
  const common = { key, vip: desired, desired, actual, conflict: undefined };
  if (actual === undefined) {
    return { ...common, teardown: NOTHING, build: putUp(desired, can), recreate: undefined };
  }
  const recreate = recreateReason(desired, actual);
  if (recreate === undefined) {
    return { ...common, teardown: NOTHING, build: change(desired, actual, can), recreate };
  }
  return { ...common, teardown: takeDown(actual), build: putUp(desired, can), recreate };
}

function planRemoval(key: string, actual: ActualVip): VipPlan {
  return {
    key,
    vip: actual,
    desired: undefined,
    actual,
    teardown: takeDown(actual),
    build: NOTHING,
    recreate: undefined,
    conflict: undefined,
  };
}

/**
 * Empties the plans that VPP would refuse, because they add a VIP that conflicts with one that
 * stays or was added before it. A VIP whose recreation is canceled stays too, so this repeats until
 * nothing changes.
 */
function deferConflicts(plans: readonly VipPlan[], staying: readonly ActualVip[]): VipPlan[] {
  let current = [...plans];
  for (let changed = true; changed;) {
    changed = false;
    const remaining = [
      ...staying,
      ...current.filter((p) => p.teardown.length === 0).flatMap((p) => p.actual ?? []),
    ];
    const added: DesiredVip[] = [];
    current = current.map((p) => {
      if (p.desired === undefined || p.build[0]?.kind !== "vip-add") return p;
      const wanted = p.desired;
      for (const other of [...remaining, ...added]) {
        const conflict = conflictBetween(wanted, other);
        if (conflict === undefined) continue;
        changed = true;
        return { ...p, teardown: NOTHING, build: NOTHING, recreate: undefined, conflict };
      }
      added.push(wanted);
      return p;
    });
  }
  return current;
}

const NOTHING: readonly Operation[] = [];

function takeDown(vip: ActualVip): Operation[] {
  const operations: Operation[] = vip.servers.map((server) => ({
    kind: "as-del",
    vip,
    address: server.address,
    weight: server.weight,
    flush: true,
  }));
  for (const { address, flushed } of vip.removed) {
    if (!flushed) operations.push({ kind: "as-flush", vip, address });
  }
  return [...withOneFlush(operations, vip), { kind: "vip-del", vip }];
}

function putUp(vip: DesiredVip, can: LbCapabilities): Operation[] {
  const { servers } = desiredServers(vip, can);
  const operations: Operation[] = [{ kind: "vip-add", vip }];
  for (const server of servers) operations.push(addition(vip, server));
  if (servers.some(hasWeight)) operations.push(vipFlush(vip, "first-weight"));
  return operations;
}

function hasWeight({ weight }: { readonly weight: number }): boolean {
  return weight > 0;
}

function vipFlush(vip: VipKey, reason: VipFlushReason): Operation {
  return { kind: "vip-flush", vip, reason };
}

function addition(vip: DesiredVip, server: DesiredServer): Operation {
  return { kind: "as-add", vip, address: server.address, weight: server.weight };
}

function change(desired: DesiredVip, actual: ActualVip, can: LbCapabilities): Operation[] {
  const { servers, out } = desiredServers(desired, can);
  const raises: Operation[] = [];
  const additions: Operation[] = [];
  const cuts: Operation[] = [];
  const flushes: Operation[] = [];
  const deletions: Operation[] = [];
  for (const { left: wanted, right: present } of pairByAddress(servers, actual.servers)) {
    if (wanted === undefined) {
      const { address, weight } = present;
      const flush = out.get(address.text) ?? true;
      const list = flush ? deletions : cuts;
      list.push({ kind: "as-del", vip: desired, address, weight, flush });
    } else if (present === undefined) {
      additions.push(addition(desired, wanted));
    } else {
      const flush = mustFlush(wanted, present);
      if (wanted.weight === present.weight && !flush) continue;
      const list = wanted.weight > present.weight ? raises : flush ? flushes : cuts;
      list.push({
        kind: "as-weight",
        vip: desired,
        address: wanted.address,
        weight: wanted.weight,
        previousWeight: present.weight,
        flush,
      });
    }
  }
  for (const { address, flushed } of actual.removed) {
    if (flushed || servers.some((server) => server.address.text === address.text)) continue;
    if (out.get(address.text) ?? true) flushes.push({ kind: "as-flush", vip: desired, address });
  }
  const operations = withOneFlush(
    [...raises, ...additions, ...cuts, ...flushes, ...deletions],
    actual,
  );
  const flushed = operations.at(-1)?.kind === "vip-flush";
  if (flushed || !opens(servers, actual) || mayKeepFlows(actual, operations)) return operations;
  return [...operations, vipFlush(desired, "first-weight")];
}

/** True when a VIP whose servers all have weight 0 gets its first weight. */
function opens(servers: readonly DesiredServer[], actual: ActualVip): boolean {
  return !actual.servers.some(hasWeight) && servers.some(hasWeight);
}

/** True when VPP may have flows that `operations` do not flush, for example of a paused server. */
function mayKeepFlows(actual: ActualVip, operations: readonly Operation[]): boolean {
  const flushed = new Set(operations.filter(flushes).map(({ address }) => address.text));
  return actual.servers.some((s) => s.idle !== true && !flushed.has(s.address.text)) ||
    actual.removed.some((s) => !s.flushed && !flushed.has(s.address.text));
}

/** An operation that flushes the flows of one server. */
type ServerFlush = Extract<Operation, { readonly kind: "as-del" | "as-weight" | "as-flush" }>;

function flushes(operation: Operation): operation is ServerFlush {
  return operation.kind === "as-flush" ||
    ((operation.kind === "as-del" || operation.kind === "as-weight") && operation.flush);
}

/**
 * `operations` with one flush of the VIP instead of those of its servers, when all servers that
 * may have flows are flushed and there are at least two.
 */
function withOneFlush(operations: Operation[], actual: ActualVip): Operation[] {
  if (operations.filter(flushes).length < 2 || mayKeepFlows(actual, operations)) return operations;
  const plain = operations.flatMap((operation): Operation[] => {
    if (!flushes(operation)) return [operation];
    return operation.kind === "as-flush" ? [] : [{ ...operation, flush: false }];
  });
  return [...plain, vipFlush(actual, "all-servers")];
}

/** Once per flushing state. A server that another program gave weight may have flows again. */
function mustFlush(wanted: DesiredServer, present: ActualServer): boolean {
  return wanted.flush && (!present.flushed || present.weight > 0);
}
