/**
 * The three fingerprints of a VIP: of its inputs, of the table that is wanted, and of the table that
 * VPP has. PURE. Where they differ decides the cause of a difference:
 *
 *     inputs             the configuration, or an operator's intent
 *     wanted only        the health of servers
 *     wanted ≠ actual    VPP of this load balancer
 *
 * Each is the hash of a canonical text, which does not depend on the order of anything in the file
 * but of pools, nor on names. Servers of weight 0 take part in no table, so they are left out there.
 */
import { hash64 } from "./hash64.ts";
import type { Entry, VipInputs, VipTable } from "./side.ts";

/** Names this way of making fingerprints. Only those of one way can be compared. */
export const ALGORITHM = "maglev-1";

/** The canonical text of a table; equal for tables that send each flow to the same server. */
export function tableText({ encap, srcIpSticky, length, servers }: VipTable): string {
  if (length === 0) return "none";
  const parts = servers.filter(({ weight }) => weight > 0)
    .map(({ address, weight }) => `${address} ${weight}`);
  return `${encap} ${srcIpSticky ? "source" : "flow"} ${length} ${sorted(parts).join(",")}`;
}

/** The canonical text of inputs. */
export function inputsText(inputs: VipInputs): string {
  const { encap, srcIpSticky, length, policy, pools, entries } = inputs;
  const parts = entries.map((entry) => `${entry.pool} ${fileText(entry)} ${intentText(entry)}`);
  return `${encap} ${srcIpSticky ? "source" : "flow"} ${length} ${pools.length} ${policy}\n` +
    sorted(parts).join("\n");
}

/** What the file decides of an entry, but for the place of its pool. */
export function fileText({ address, fileWeight, enabled }: Entry): string {
  return `${address} ${fileWeight}${enabled ? "" : " off"}`;
}

/** What operators decide of it; empty: nothing. */
export function intentText({ intentWeight, intent }: Entry): string {
  const weight = intentWeight === undefined ? "" : `weight ${intentWeight}`;
  return [intent ?? "", weight].filter((text) => text !== "").join(", ");
}

/** Fingerprint of a table. */
export function tablePrint(table: VipTable): bigint {
  return hash64(tableText(table));
}

/** Fingerprint of inputs. */
export function inputsPrint(inputs: VipInputs): bigint {
  return hash64(inputsText(inputs));
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

function sorted(parts: string[]): readonly string[] {
  return parts.length < 2 ? parts : parts.sort();
}
