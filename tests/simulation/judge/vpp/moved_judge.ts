/**
 * Judges the buckets that a plan of a reload announced: as many of VPP's tables move, lose their
 * server and gain one, and no others. The tables are compared bucket by bucket. PURE.
 */
import type { VipForecast } from "../../../../src/forecast/vips.ts";
import { formatAddress46 } from "../../../../src/sim/plugin/address46.ts";
import type { LbPlugin } from "../../../../src/sim/plugin/plugin.ts";
import type { Vip } from "../../../../src/sim/plugin/types.ts";
import { vipKeyText } from "../../../../src/vpp/lb/model.ts";
import { newFlowTable, type TableServer } from "../../../../src/vpp/lb/new_flow_table.ts";

/** The servers of a VIP in VPP, from which its table follows. */
export interface VppTable {
  readonly servers: readonly (TableServer & { readonly text: string })[];
  readonly length: number;
  readonly isSticky: boolean;
}

/** The tables of VIPs by vipKeyText(). */
export type VppTables = ReadonlyMap<string, VppTable>;

export function tablesOf(plugin: LbPlugin, vips: ReadonlyMap<string, Vip>): VppTables {
  return new Map([...vips].map(([key, vip]) => {
    const servers = [...plugin.serversOf(vip)].filter(({ used }) => used)
      .map(({ address, weight }) => ({ address, weight, text: formatAddress46(address) }));
    return [key, { servers, length: vip.tableLength, isSticky: vip.srcIpSticky }];
  }));
}

/** The first VIP in which other buckets moved than planned; undefined: all did as planned. */
export function movedDifference(
  plans: readonly VipForecast[],
  { before, after }: { readonly before: VppTables; readonly after: VppTables },
): string | undefined {
  for (const plan of plans) {
    if (plan.change === "refused") continue;
    const key = vipKeyText(plan);
    const was = before.get(key);
    const is = after.get(key);
    // With another hash, buckets cannot be compared: the plan has an expectation.
    if (was !== undefined && is !== undefined && was.isSticky !== is.isSticky) continue;
    const found = shiftOf(was, is);
    const { moved, lost, gained } = plan.atOnce;
    const planned = textOf({ moved, lost, gained });
    if (textOf(found) !== planned) return `VIP ${key}: ${textOf(found)}, planned was ${planned}`;
  }
  return undefined;
}

interface Shift {
  readonly moved: number;
  readonly lost: number;
  readonly gained: number;
}

function textOf({ moved, lost, gained }: Shift): string {
  return `${moved} buckets moved, ${lost} lost their server, ${gained} gained one`;
}

/** Each bucket of a table stands for two of a table of twice the length. */
function shiftOf(before: VppTable | undefined, after: VppTable | undefined): Shift {
  const length = Math.max(before?.length ?? 0, after?.length ?? 0);
  const was = ownersOf(before);
  const is = ownersOf(after);
  const shift = { moved: 0, lost: 0, gained: 0 };
  for (let bucket = 0; bucket < length; bucket++) {
    const from = was[bucket % was.length];
    const to = is[bucket % is.length];
    if (from === to) continue;
    if (from === undefined) shift.gained++;
    else if (to === undefined) shift.lost++;
    else shift.moved++;
  }
  return shift;
}

/** The address of each bucket's server; undefined without one. */
function ownersOf(table: VppTable | undefined): readonly (string | undefined)[] {
  if (table === undefined) return [undefined];
  const { servers, length } = table;
  return [...newFlowTable(servers, length).table].map((place) => servers[place]?.text);
}
