/**
 * Measures a forecast of 1,000 changed VIPs of 16 servers each, without shared servers (the worst
 * case). Run: `deno bench -A src/forecast/vips_bench.ts`
 */
import { finish } from "../async/steps.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import type { BackendState } from "../health/state.ts";
import type { HealthView } from "./desired_frontends.ts";
import { forecastVips } from "./vips.ts";

const VIPS = 1000;
const SERVERS = 16;

/** `shared`: all VIPs have the same servers. */
function viewOf(length: number, shared: boolean, stateOf: HealthView["stateOf"]): HealthView {
  const backends: Record<string, { address: string }> = {};
  const frontends: Record<string, { pools: string }> = {};
  for (let vip = 0; vip < VIPS; vip++) {
    const names = Array.from({ length: SERVERS }, (_, i) => `b${shared ? i : vip * SERVERS + i}`);
    for (const name of names) {
      const n = Number(name.slice(1));
      backends[name] ??= { address: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}` };
    }
    frontends[`f${vip}`] = { pools: names.join(" ") };
  }
  const config = smallConfig({ backends, frontends, newFlowsTableLength: length });
  return { config, frontends: config.frontends, stateOf };
}

const up = (): BackendState => "up";
/** Every 16th backend: one server of each VIP. */
const onePaused = (name: string): BackendState =>
  Number(name.slice(1)) % SERVERS === 3 ? "paused" : "up";

for (const length of [1024, 4096, 65_536]) {
  for (const shared of [false, true]) {
    const now = viewOf(length, shared, up);
    const after = { ...now, stateOf: onePaused };
    const input = { now, atOnce: after, settled: after, can: { weights: true } };
    Deno.bench({
      name: `${length} buckets, ${shared ? "the same servers" : "servers of its own"} in each VIP`,
      n: 3,
      warmup: 1,
      fn: () => void finish(forecastVips(input)),
    });
  }
}
