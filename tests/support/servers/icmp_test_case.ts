/** Tests that need ICMP sockets, and are skipped, with that reason, where there can be none. */
import { openShim } from "../../../ffi/open.ts";
import { LOOK } from "../../../ffi/symbols.ts";
import { lookErrno } from "../../../src/probe/host/host_look.ts";

/** Appended to a test's name; empty where ICMP sockets are permitted. */
export const ICMP_SKIPPED = permitted() ? "" : " (skipped: raw sockets need CAP_NET_RAW)";

function permitted(): boolean {
  const result = openShim();
  if (result.kind === "error") return false;
  const errnos = [LOOK.icmp4, LOOK.icmp6].map((what) => lookErrno(result.shim, "", what));
  result.shim.close();
  return !errnos.some((errno) => errno === "EPERM" || errno === "EACCES");
}

/** Deno.test with ICMP sockets. */
export function icmpTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `${name}${ICMP_SKIPPED}`, ignore: ICMP_SKIPPED !== "", fn });
}
