/** A simulated VPP that gets what the frontends of a checker should have. */
import type { FrontendView } from "../../../src/checker/ports.ts";
import type { LbPlugin } from "../../../src/sim/plugin/plugin.ts";
import { vipsOf } from "../../../src/vpp/lb/desired.ts";
import { type ActualVip, vipKeyText } from "../../../src/vpp/lb/model.ts";
import { groupByPrefix, operationsOf, planGroup } from "../../../src/vpp/lb/plan.ts";
import { executeOn, readPlugin } from "./plugin_lb.ts";

const CAN = { weights: true };

/** VPP gets what it should have. */
export function syncPlugin(
  plugin: LbPlugin,
  frontends: ReadonlyMap<string, FrontendView>,
  newFlowsTableLength: number,
): void {
  const desired = vipsOf([...frontends.values()], { newFlowsTableLength });
  for (const group of groupByPrefix(desired, readPlugin(plugin, CAN))) {
    const plans = planGroup(group.desired, group.actual, { ...CAN, remove: true });
    for (const operation of operationsOf(plans)) executeOn(plugin, operation);
  }
}

/** By key of the VIP: its frontend, and what VPP has. */
export function vipsOn(
  plugin: LbPlugin,
  frontends: ReadonlyMap<string, FrontendView>,
): ReadonlyMap<string, ActualVip & { readonly frontend: string }> {
  const names = new Map(
    [...frontends.values()].map(({ name, config: { address, port } }) =>
      [`${address.text}:${port}`, name] as const
    ),
  );
  return new Map(
    readPlugin(plugin, CAN).map((vip) => [
      vipKeyText(vip),
      { ...vip, frontend: names.get(`${vip.address.text}:${vip.port}`)! },
    ]),
  );
}
