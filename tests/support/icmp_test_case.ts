/** Tests that need ICMP sockets, and are skipped, with that reason, where there can be none. */
import { openShim } from "../../ffi/open.ts";
import { icmpProblem } from "../../src/probe/icmp.ts";

/** To be shown behind a test's name; empty where ICMP sockets are permitted. */
export const ICMP_SKIPPED = permitted() ? "" : " (skipped: raw sockets need CAP_NET_RAW)";

function permitted(): boolean {
  const result = openShim();
  if (result.kind === "error") return false;
  const problem = icmpProblem(result.shim, [4, 6]);
  result.shim.close();
  return problem === undefined;
}

/** Deno.test with ICMP sockets. */
export function icmpTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `${name}${ICMP_SKIPPED}`, ignore: ICMP_SKIPPED !== "", fn });
}
