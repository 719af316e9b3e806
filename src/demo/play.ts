/** The self-playing demo: a server fails and recovers, and the state of VPP is checked after each. */
import { later } from "../base/instant.ts";
import { SystemClock } from "../system/system_clock.ts";
import type { DemoServer } from "./servers.ts";
import type { Screen } from "./screen.ts";
import type { VppWatch } from "./vpp_watch.ts";

const CLOCK = new SystemClock();

/** Undefined `problem`: everything was seen. */
export interface PlayOutcome {
  readonly problem: string | undefined;
}

/** Timeout of maglevd's reaction: several times the detection time of the configuration. */
const ACT_DEADLINE_MS = 8000;

export async function playFailover(options: {
  readonly playMs: number;
  readonly servers: readonly DemoServer[];
  readonly watch: VppWatch;
  readonly screen: Screen;
}): Promise<PlayOutcome> {
  const { playMs, servers, watch, screen } = options;
  const victim = servers[1]!;
  const endMs = later(CLOCK.monotonicMs(), playMs);
  const all = servers.map(() => 100);
  const without = servers.map((server) => (server === victim ? 0 : 100));

  if (!await watch.waitFor(all, ACT_DEADLINE_MS)) {
    return { problem: "VPP did not get all three servers with weight 100" };
  }
  screen.act("all three servers are in VPP with weight 100");
  await pause(playMs * 0.2);

  screen.act(`${victim.name} begins to fail its health check`);
  victim.setFailing(true);
  if (!await watch.waitFor(without, ACT_DEADLINE_MS)) {
    return { problem: `VPP still sends new flows to ${victim.name}, which has failed` };
  }
  screen.act(`${victim.name} no longer takes new flows; the others share them`);
  await pause(playMs * 0.2);

  screen.act(`${victim.name} is well again`);
  victim.setFailing(false);
  if (!await watch.waitFor(all, ACT_DEADLINE_MS)) {
    return { problem: `VPP does not send new flows to ${victim.name}, which is well again` };
  }
  screen.act(`${victim.name} is back with weight 100`);
  await pause(Math.max(0, endMs - CLOCK.monotonicMs()));
  return { problem: undefined };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
