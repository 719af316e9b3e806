/**
 * The servers of single flows, as the tables of two load balancers foretell them, and the judgement of
 * what packets showed. PURE.
 */
import { parseIp } from "../../src/base/address.ts";
import { Tables } from "../../src/fleet/difference.ts";
import { reshuffleCost } from "../../src/fleet/reshuffle.ts";
import { NO_TABLE, type VipSide, type VipTable } from "../../src/fleet/side.ts";
import { newFlowTable } from "../../src/vpp/lb/new_flow_table.ts";
import { type Flow, vppFlowHash } from "../support/judges/vpp_flow_hash.ts";
import { flowText } from "./shots.ts";

/** A flow that began through the first load balancer, and went on through the second. */
export interface Resent extends Flow {
  /** Unix time in milliseconds of its beginning. */
  readonly begunMs: number;
  /** Its servers. */
  readonly first: string;
  readonly second: string;
}

/** The tables of a VIP: those that the first load balancer had, and the second one's. */
export interface Foretelling {
  readonly from: VipSide;
  readonly to: VipSide;
}

/** The flows of one VIP that began under one table. */
export interface Measured {
  readonly flows: number;
  /** Flows that found another server. */
  readonly elsewhere: number;
  /** Share of the table that was foretold to break, from 0 to 1. */
  readonly foretold: number;
}

export interface Judgement {
  readonly measured: readonly Measured[];
  /** Flows that went where they were not foretold to go. */
  readonly errors: readonly string[];
}

/** By table: the server of each bucket. */
const owners = new Map<VipTable, readonly (string | undefined)[]>();

/** The server of a flow by a table; undefined: none. */
export function serverBy(table: VipTable, flow: Flow): string | undefined {
  const { servers, length, srcIpSticky } = table;
  let known = owners.get(table);
  if (known === undefined) {
    const parsed = servers.map(({ address, weight }) => ({ address: parseIp(address)!, weight }));
    known = [...newFlowTable(parsed, length).table].map((place) => servers[place]?.address);
    owners.set(table, known);
  }
  return known[vppFlowHash(flow, srcIpSticky) & (length - 1)];
}

/** Judges the flows of one VIP. */
export function judgeFlows(flows: readonly Resent[], { from, to }: Foretelling): Judgement {
  const past = from.past ?? [];
  const now = to.actual ?? NO_TABLE;
  const costs = reshuffleCost(past, now, new Tables());
  const byTable = new Map<number, Resent[]>();
  const errors: string[] = [];
  for (const flow of flows) {
    const at = past.findLastIndex(({ sinceMs }) => sinceMs <= flow.begunMs);
    byTable.set(at, [...byTable.get(at) ?? [], flow]);
    const table = past[at]?.table ?? NO_TABLE;
    const foretold = [serverBy(table, flow), serverBy(now, flow)];
    const seen = [flow.first, flow.second];
    if (foretold.join() === seen.join()) continue;
    errors.push(`${flowText(flow)}: foretold ${foretold.join(", ")}, seen ${seen.join(", ")}`);
  }
  const measured = [...byTable.values()].map((flows): Measured => {
    const [{ begunMs }] = flows as [Resent];
    const { breaking } = costs.find(({ fromMs }) => fromMs <= begunMs)!;
    return {
      flows: flows.length,
      elsewhere: flows.filter(({ first, second }) => first !== second).length,
      foretold: breaking!.buckets / breaking!.length,
    };
  });
  return { measured, errors };
}
