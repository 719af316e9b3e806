/** Runs the contract of LbApi against the implementations that need no VPP. */
import { startSimulator } from "../../src/sim/api_server.ts";
import type { Release } from "../../src/sim/plugin/release.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import { PluginLb } from "../support/worlds/plugin_lb.ts";
import { lbApiContract, type LbApiHarness } from "./lb_api_contract.ts";
import { openConnected } from "./lb_api_open.ts";

async function onSimulator(release: Release, orders: (omit: Set<string>) => void = () => {}) {
  const folder = Deno.makeTempDirSync({ prefix: "lb-api-" });
  const clock = new SystemClock();
  const simulator = await startSimulator({ path: `${folder}/api.sock`, clock, release });
  const omit = new Set<string>();
  orders(omit);
  simulator.faults.omit = omit;
  const { lb, dispose } = await openConnected({ apiAddress: simulator.path });
  return {
    lb,
    async dispose() {
      await dispose();
      await simulator.stop();
      Deno.removeSync(folder, { recursive: true });
    },
  };
}

function inMemory(weights: boolean): Promise<LbApiHarness> {
  const lb = new PluginLb(undefined, { weights });
  return Promise.resolve({ lb, dispose: () => Promise.resolve() });
}

for (const weights of [true, false]) {
  const what = weights ? "with weights" : "without weights";
  lbApiContract({ name: `in memory ${what}`, weights, open: () => inMemory(weights) });
}
lbApiContract({ name: "simulated VPP", weights: true, open: () => onSimulator("main") });
lbApiContract({ name: "simulated VPP 26.06", weights: false, open: () => onSimulator("26.06") });
lbApiContract({
  name: "simulated VPP with hidden weights",
  weights: false,
  open: () =>
    onSimulator("main", (omit) => {
      for (const message of ["lb_as_set_weight", "lb_conf_get"]) omit.add(message);
    }),
});
