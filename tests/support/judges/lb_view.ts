/** The VIPs and servers of the simulated VPP, as plain lines that tests compare. */
import { formatAddress46, formatPrefix46 } from "../../../src/sim/plugin/address46.ts";
import type { Simulator } from "../../../src/sim/api_server.ts";
import { readUntil } from "./until.ts";

/** `{ "192.0.2.1/32 6 80": ["127.0.0.1 100", …] }`, in VPP's order of VIPs, servers sorted. */
export function lbView(simulator: Simulator): Record<string, string[]> {
  const view: Record<string, string[]> = {};
  for (const vip of simulator.plugin.vips()) {
    if (!vip.used) continue;
    const key = `${formatPrefix46(vip.prefix, vip.length)} ${vip.protocol} ${vip.port}`;
    view[key] = [...simulator.plugin.serversOf(vip)]
      .filter((server) => server.used)
      .map((server) => `${formatAddress46(server.address)} ${server.weight}`)
      .sort();
  }
  return view;
}

/** Waits until VPP has `expected`; fails with what it has instead. */
export async function vppHas(
  simulator: Simulator,
  expected: Readonly<Record<string, readonly string[]>>,
  deadlineMs = 30_000,
): Promise<void> {
  const wanted = JSON.stringify(sorted(expected));
  const read = () => JSON.stringify(sorted(lbView(simulator)));
  await readUntil(read, (actual) => actual === wanted, { what: `VPP has ${wanted}`, deadlineMs });
}

function sorted(view: Readonly<Record<string, readonly string[]>>) {
  return Object.entries(view).sort(([a], [b]) => (a < b ? -1 : 1));
}
