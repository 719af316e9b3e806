/**
 * Checks plans before they are sent: removes the operations that VPP would not survive, and
 * reports them. One instance per connection.
 *
 *     limit      values of a VIP that crash VPP
 *     recreate   the same VIP recreated twice within a minute
 *     nat        removal of another program's NAT VIP
 *     chain      operations that would complete a chain of VIPs that VPP cannot carry
 *     stats      addresses for which VPP's stats segment has no room
 */
import type { Logger } from "../../../base/ports.ts";
import { vipFields } from "../apply.ts";
import { listedServers, type Reading } from "../../lb/actual.ts";
import { ChainGuard, chainText } from "../../lb/guard/chain_guard.ts";
import { unremovable, unsafeAddress, unsafeVip } from "../../lb/guard/limits.ts";
import type { ActualVip, Operation, VipKey } from "../../lb/model.ts";
import type { VipPlan } from "../../lb/plan.ts";
import type { RecreateLimit } from "../../lb/guard/recreate_limit.ts";
import type { StatsNeeds, StatsRoom, StatsUse } from "../../lb/guard/stats_budget.ts";
import { StatsGuard } from "./stats_guard.ts";
import { type Withheld, type WithheldKind, withheldVip } from "./withheld.ts";

export interface GuardsOptions {
  readonly known: () => readonly ActualVip[];
  /** Undefined while VPP's stats segment is not known. */
  readonly statsRoom: () => StatsRoom | undefined;
  readonly recreations: RecreateLimit;
  readonly logger: Logger;
}

/** A plan as it may be sent, and the operations that were removed from it. */
export interface Guarded {
  readonly plan: VipPlan;
  readonly withheld: readonly Withheld[];
}

export class Guards {
  readonly #options: GuardsOptions;
  readonly #chains = new ChainGuard();
  readonly #stats: StatsGuard;

  constructor(options: GuardsOptions) {
    this.#options = options;
    this.#stats = new StatsGuard({ room: options.statsRoom, logger: options.logger });
  }

  /** VPP was read; `vips` is the state known after it. */
  read(vips: readonly ActualVip[], reading: Reading): void {
    this.#chains.read(vips);
    this.#stats.read(vips, listedServers(reading));
  }

  /** The room that `wanted` and the routes of others need in the stats segment. */
  statsUse(wanted: StatsNeeds): StatsUse | undefined {
    return this.#stats.outlook(wanted);
  }

  /** VPP answered an operation, or never will. */
  settled(operation: Operation): void {
    this.#chains.settled(operation);
  }

  /** Returns the part of `plan` that may be sent, and assumes that it is sent. */
  pass(plan: VipPlan): Guarded {
    const whole = this.#wholePlan(plan);
    if (whole !== undefined) return whole;
    const reasons: Reason[] = [];
    const build: Operation[] = [];
    let vipWithheld = false;
    for (const operation of plan.build) {
      if (vipWithheld) break;
      const reason = this.#reason(operation);
      if (reason === undefined) {
        this.#chains.sent(operation);
        this.#stats.sent(operation);
        build.push(operation);
        continue;
      }
      reasons.push(reason);
      vipWithheld = operation.kind === "vip-add";
    }
    if (reasons.length === 0) return { plan, withheld: [] };
    const withheld = together(reasons).map((reason) => withheldOf(plan.vip, reason));
    // A VIP that cannot be added again stays as it is.
    return vipWithheld
      ? { plan: { ...plan, teardown: [], build: [], recreate: undefined }, withheld }
      : { plan: { ...plan, build: withoutEmptying(plan, build) }, withheld };
  }

  /** Applies the rules that concern a whole plan. */
  #wholePlan(plan: VipPlan): Guarded | undefined {
    const reason = this.#wholeReason(plan);
    if (reason === undefined) return undefined;
    return {
      plan: { ...plan, teardown: [], build: [], recreate: undefined },
      withheld: [withheldOf(plan.vip, reason)],
    };
  }

  #wholeReason({ key, actual, teardown, recreate }: VipPlan): Reason | undefined {
    if (teardown.length === 0) return undefined;
    const nat = actual && unremovable(actual);
    if (nat !== undefined) return { kind: "nat", message: nat };
    if (recreate === undefined || this.#options.recreations.waitMs(key) === 0) return undefined;
    return {
      kind: "recreate",
      message: `cannot recreate it (${recreate}): it was recreated less than a minute ago; find ` +
        "the program or the reload that keeps changing it",
    };
  }

  #reason(operation: Operation): Reason | undefined {
    const { kind } = operation;
    const unsafe = kind === "vip-add"
      ? unsafeVip(operation.vip)
      : kind === "as-add"
      ? unsafeAddress(operation.address)
      : undefined;
    if (unsafe !== undefined) return { kind: "limit", message: unsafe };
    const chain = this.#chains.completes(operation, this.#options.known);
    if (chain !== undefined) {
      return { kind: "chain", message: chainText(chain), what: what(operation) };
    }
    const full = this.#stats.refuses(operation);
    if (full === undefined) return undefined;
    return { kind: "stats", message: full, what: what(operation) };
  }
}

/**
 * The operations without removals, and without a flush of the whole VIP, when these would leave a VIP
 * without weight whose new servers are withheld. Removed servers serve until the new ones can be
 * added.
 */
function withoutEmptying(
  { actual, desired }: VipPlan,
  build: readonly Operation[],
): readonly Operation[] {
  const weights = new Map(actual?.servers.map(({ address, weight }) => [address.text, weight]));
  const hasWeight = () => [...weights.values()].some((weight) => weight > 0);
  const isOpen = hasWeight() && desired?.servers.some(({ weight }) => weight > 0) === true;
  for (const operation of build) {
    if (operation.kind === "as-del") weights.delete(operation.address.text);
    else if (operation.kind === "as-add" || operation.kind === "as-weight") {
      weights.set(operation.address.text, operation.weight);
    }
  }
  if (!isOpen || hasWeight()) return build;
  const flushing = new Set(
    desired.servers.filter(({ flush }) => flush).map(({ address }) => address.text),
  );
  const oneFlush = build.some(({ kind }) => kind === "vip-flush");
  return build.filter(({ kind }) => kind !== "as-del" && kind !== "vip-flush").map((operation) =>
    // It was left to the flush of the VIP.
    oneFlush && operation.kind === "as-weight" && flushing.has(operation.address.text)
      ? { ...operation, flush: true }
      : operation
  );
}

interface Reason {
  readonly kind: WithheldKind;
  readonly message: string;
  /** The part of the plan that is withheld; undefined: all of it. */
  readonly what?: string;
}

function what(operation: Operation): string {
  return "address" in operation ? `server ${operation.address.text}` : "the VIP";
}

/** Servers that a message lists by name; the others are counted. */
const NAMED = 10;

/** Merges the reasons of each kind, because a full segment may keep out thousands of servers. */
function together(reasons: readonly Reason[]): readonly Reason[] {
  return [...new Set(reasons.map(({ kind }) => kind))].map((kind) => {
    const all = reasons.filter((reason) => reason.kind === kind);
    const names = all.flatMap((reason) => reason.what ?? []);
    const [first] = all;
    if (names.length === 0) return first!;
    const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : "";
    return {
      kind,
      message: `cannot program ${names.slice(0, NAMED).join(", ")}${more}: ${all.at(-1)!.message}`,
    };
  });
}

function withheldOf(vip: VipKey, { kind, message }: Reason): Withheld {
  return { kind, of: withheldVip(vip), message, fields: vipFields(vip) };
}
