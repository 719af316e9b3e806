/**
 * Keeps the tables that VPP had, on one connection: a flow goes to the server that the table of its
 * beginning named. PURE.
 *
 * A change of several servers is several operations. The tables between them exist for milliseconds,
 * so a table that lasts less than BRIEF_MS is replaced by the next one.
 */
import type { WallMs } from "../../../base/instant.ts";
import type { ActualVip } from "../../lb/model.ts";

/** Tables of a VIP that are kept. */
export const MAX_TABLES = 64;
/** Shortest time of a table that is kept, in milliseconds. */
const BRIEF_MS = 100;

/** A table, and since when VPP had it. */
export interface PastTable {
  /** Unix time in milliseconds. */
  readonly sinceMs: WallMs;
  readonly srcIpSticky: boolean;
  /** As in ActualVip. */
  readonly newFlowsTableLength: number;
  /** In compareIp order; shared by tables that have the same servers. */
  readonly addresses: readonly string[];
  readonly weights: Uint8Array;
}

export class TablePast {
  readonly #byVip = new Map<string, PastTable[]>();

  /** The tables of a VIP (vipKeyText), oldest first; flows from before the first one are not known. */
  of(key: string): readonly PastTable[] {
    return this.#byVip.get(key) ?? [];
  }

  /** VPP has `vip` from now on; undefined: it no longer has it, nor the flows. */
  note(key: string, vip: ActualVip | undefined, nowMs: WallMs): void {
    if (vip === undefined) {
      this.#byVip.delete(key);
      return;
    }
    let tables = this.#byVip.get(key);
    const last = tables?.at(-1);
    if (last !== undefined && isTableOf(last, vip)) return;
    if (tables === undefined) this.#byVip.set(key, tables = []);
    const next = tableOf(vip, nowMs, last?.addresses);
    const ageMs = last === undefined ? Infinity : nowMs - last.sinceMs;
    // A clock that was set back must not reverse the order.
    if (ageMs < BRIEF_MS) tables[tables.length - 1] = { ...next, sinceMs: last!.sinceMs };
    else if (tables.push(next) > MAX_TABLES) tables.shift();
  }
}

function isTableOf(
  { srcIpSticky, newFlowsTableLength, addresses, weights }: PastTable,
  { servers, ...vip }: ActualVip,
): boolean {
  return srcIpSticky === vip.srcIpSticky && newFlowsTableLength === vip.newFlowsTableLength &&
    addresses.length === servers.length &&
    servers.every(({ address, weight }, at) =>
      address.text === addresses[at] && weight === weights[at]
    );
}

function tableOf(
  { servers, srcIpSticky, newFlowsTableLength }: ActualVip,
  sinceMs: WallMs,
  before: readonly string[] | undefined,
): PastTable {
  const same = before?.length === servers.length &&
    servers.every(({ address }, at) => address.text === before[at]);
  return {
    sinceMs,
    srcIpSticky,
    newFlowsTableLength,
    addresses: same ? before : servers.map(({ address }) => address.text),
    weights: Uint8Array.from(servers, ({ weight }) => weight),
  };
}
