/**
 * Describes drift: the difference between the state found in VPP and the state after all
 * acknowledged operations. Another program caused it; it is logged, and the plan corrects it.
 */
import type { ActualServer, ActualVip } from "./model.ts";
import { pairByAddress } from "./order.ts";

/** The two sides, in words; both list the same items in the same order. */
export interface Drift {
  readonly found: readonly string[];
  readonly expected: readonly string[];
}

/** How `found` differs from `known`, where undefined means no VIP; undefined when it does not. */
export function driftBetween(
  known: ActualVip | undefined,
  found: ActualVip | undefined,
): Drift | undefined {
  if (known === undefined || found === undefined) {
    if (known === found) return undefined;
    return { found: [vipWord(found)], expected: [vipWord(known)] };
  }
  const foundWords: string[] = [];
  const expectedWords: string[] = [];
  const compare = (foundWord: string, expectedWord: string) => {
    if (foundWord === expectedWord) return;
    foundWords.push(foundWord);
    expectedWords.push(expectedWord);
  };
  compare(`encap ${found.encap}`, `encap ${known.encap}`);
  compare(`src-ip-sticky ${found.srcIpSticky}`, `src-ip-sticky ${known.srcIpSticky}`);
  compare(lengthWord(found), lengthWord(known));
  for (const { left, right } of pairByAddress(found.servers, known.servers)) {
    if (left !== undefined && right !== undefined && left.weight === right.weight) continue;
    const address = (left ?? right)!.address.text;
    compare(serverWord(address, left), serverWord(address, right));
  }
  return foundWords.length === 0 ? undefined : { found: foundWords, expected: expectedWords };
}

function vipWord(vip: ActualVip | undefined): string {
  return vip === undefined ? "no VIP" : `VIP with ${vip.servers.length} servers`;
}

function lengthWord(vip: ActualVip): string {
  return `new-flows-table-length ${(vip.newFlowsTableLength & 0xffff) || 65536}`;
}

function serverWord(address: string, server: ActualServer | undefined): string {
  return server === undefined ? `${address} absent` : `${address} weight ${server.weight}`;
}
