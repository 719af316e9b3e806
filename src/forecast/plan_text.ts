/**
 * PURE. Describes a reload in a canonical text. Two plans with equal texts do the same, so the hash
 * of the text names the plan, and a reload with that hash does what an operator has read.
 *
 * The text has what the new file causes, and no more: times, counters and flows differ from second
 * to second, and operations due to health alone would have been sent without the reload too.
 */
import type { WallMs } from "../base/instant.ts";
import type { WorkedOutReload } from "../checker/worked_reload.ts";
import { type Operation, vipKeyText } from "../vpp/lb/model.ts";
import { operationsOf, type VipPlan } from "../vpp/lb/plan.ts";

/** The circumstances of a plan besides the configuration and the states of backends. */
export interface PlanContext {
  /** SHA-256 of the new file's text, in hexadecimal. */
  readonly next: string;
  /** SHA-256 of the text in force, in hexadecimal. */
  readonly inForce: string;
  /** `bootAtMs`: start of VPP in Unix time; undefined when VPP does not report it. */
  readonly vpp:
    | { readonly kind: "off" | "disconnected" }
    | { readonly kind: "connected"; readonly bootAtMs: WallMs | undefined };
}

/** The canonical text of a reload; `plans`: see plansOfReload(). */
export function planText(
  { outline, plan }: Pick<WorkedOutReload, "outline" | "plan">,
  plans: readonly VipPlan[],
  { next, inForce, vpp }: PlanContext,
): string {
  const { started, stopped, restarted, readdressed, intentsDropped } = outline;
  const backends = Object.entries({ started, stopped, restarted, readdressed });
  const lines = [
    ["file", next],
    ["in-force", inForce],
    ["vpp", vpp.kind, vpp.kind === "connected" ? vpp.bootAtMs ?? null : null],
    ...backends.flatMap(([verb, names]) => names.map((name) => [verb, name])),
    ...plan.transitions.filter(({ transition }) => transition.to === "disabled")
      .map(({ name }) => ["disabled", name]),
    ...intentsDropped.map(({ intent }) =>
      intent.kind === "weight"
        ? ["ended", "weight", intent.frontend, intent.pool, intent.backend]
        : intent.kind === "lameduck"
        ? ["ended", intent.kind]
        : ["ended", intent.kind, intent.backend]
    ),
    ...plans.filter(({ conflict }) => conflict !== undefined).map(({ key }) => ["refused", key]),
    ...operationsOf(plans).map(operationLine),
  ];
  // JSON, because names may hold any character that is printed.
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

function operationLine(operation: Operation): readonly (string | number | boolean)[] {
  const line = [operation.kind, vipKeyText(operation.vip)];
  switch (operation.kind) {
    case "vip-add": {
      const { encap, srcIpSticky, newFlowsTableLength } = operation.vip;
      return [...line, encap, srcIpSticky, newFlowsTableLength];
    }
    case "vip-del":
      return line;
    case "vip-flush":
      return [...line, operation.reason];
    case "as-add":
      return [...line, operation.address.text, operation.weight];
    case "as-del":
      return [...line, operation.address.text, operation.flush];
    case "as-weight":
      return [...line, operation.address.text, operation.weight, operation.flush];
    case "as-flush":
      return [...line, operation.address.text];
  }
}

/** The share of what is in VPP that a reload removes. */
export interface Removal {
  /** In percent, 0 to 100: the greater of the share of VIPs and that of their servers. */
  readonly percent: number;
  /** A sentence part: `it removes 2 of 4 VIPs and 3 of 20 servers`. */
  readonly text: string;
}

/** Measures the removals of a reload. A recreated VIP, and a server that stays in it, count not. */
export function removalOf(
  { outline: { flowsForgotten } }: Pick<WorkedOutReload, "outline">,
  plans: readonly VipPlan[],
): Removal {
  if (flowsForgotten) {
    return { percent: 100, text: "it makes VPP forget the sticky flows of all VIPs" };
  }
  let [vips, goneVips, servers, goneServers] = [0, 0, 0, 0];
  for (const { actual, desired } of plans) {
    if (actual === undefined) continue;
    const stays = new Set(desired?.servers.map(({ address }) => address.text));
    vips++;
    if (desired === undefined) goneVips++;
    servers += actual.servers.length;
    goneServers += actual.servers.filter(({ address }) => !stays.has(address.text)).length;
  }
  const share = (gone: number, all: number) => all === 0 ? 0 : (100 * gone) / all;
  return {
    percent: Math.max(share(goneVips, vips), share(goneServers, servers)),
    text: `it removes ${goneVips} of ${vips} VIPs and ${goneServers} of ${servers} servers`,
  };
}
