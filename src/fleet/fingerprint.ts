/**
 * The three fingerprints of a VIP: of its inputs, of the table that is wanted, and of the table that
 * VPP has. PURE. Where they differ decides the cause of a difference:
 *
 *     inputs             the configuration, or an operator's intent
 *     wanted only        the health of servers
 *     wanted ≠ actual    VPP of this load balancer
 *
 * They do not depend on names, nor on the order of anything in the file but of pools. Servers of weight
 * 0 take part in no table, so they are left out there.
 */
import { hash64, SetHash } from "./hash64.ts";
import type { Entry, VipInputs, VipTable } from "./side.ts";

/** Names this way of making fingerprints. Only those of one way can be compared. */
export const ALGORITHM = "maglev-1";

/** A text that is equal for tables that send each flow to the same server. */
export function tableText(table: VipTable): string {
  if (table.length === 0) return NO_VIP;
  const parts = table.servers.filter(({ weight }) => weight > 0)
    .map(({ address, weight }) => `${address} ${weight}`);
  return `${headOf(table)} ${parts.sort().join(",")}`;
}

/** Fingerprint of a table. */
export function tablePrint(table: VipTable): bigint {
  const set = new SetHash();
  if (table.length === 0) return set.under(NO_VIP);
  for (const { address, weight } of table.servers) if (weight > 0) set.add(address, weight);
  return set.under(headOf(table));
}

/** Stands for the table of a VIP that VPP does not have. */
const NO_VIP = "none";

function headOf({ encap, srcIpSticky, length }: Omit<VipTable, "servers">): string {
  return `${encap} ${srcIpSticky ? "source" : "flow"} ${length}`;
}

/** The part of an entry that decides fingerprints. */
export type EntryInputs = Pick<
  Entry,
  "address" | "pool" | "fileWeight" | "enabled" | "intent" | "intentWeight"
>;

/** The inputs without what fingerprints leave out. */
export type PrintedInputs = Omit<VipInputs, "entries"> & {
  readonly entries: readonly EntryInputs[];
};

/** Fingerprint of inputs. */
export function inputsPrint(inputs: PrintedInputs): bigint {
  const { policy, pools, entries } = inputs;
  const set = new SetHash();
  for (const entry of entries) {
    const { address, pool, fileWeight, enabled } = entry;
    const intent = intentText(entry);
    const number = (pool << 9) | (fileWeight << 1) | (enabled ? 1 : 0);
    set.add(intent === "" ? address : `${address} ${intent}`, number);
  }
  return set.under(`${headOf(inputs)} ${pools.length} ${policy}`);
}

/** What the file decides of an entry, but for the place of its pool. */
export function fileText({ address, fileWeight, enabled }: EntryInputs): string {
  return enabled ? `${address} ${fileWeight}` : `${address} ${fileWeight} off`;
}

/** What operators decide of it; empty: nothing. */
export function intentText({ intentWeight, intent = "" }: EntryInputs): string {
  if (intentWeight === undefined) return intent;
  return `${intent}${intent === "" ? "" : ", "}weight ${intentWeight}`;
}

/** A VIP by its key text (`192.0.2.1/32 tcp 80`) with one of its fingerprints. */
export type KeyedPrint = readonly [key: string, print: bigint];

const MASK = (1n << 64n) - 1n;

/** The fingerprint of many VIPs together, in any order. */
export function rootPrint(prints: Iterable<KeyedPrint>): bigint {
  let sum = 0n;
  for (const [key, print] of prints) sum += hash64(`${key} ${print.toString(16)}`);
  return sum & MASK;
}
