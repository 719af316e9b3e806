/**
 * Compares the forecast with a real VPP. Random VIPs are added to VPP, and then changed; the
 * forecast buckets are compared with VPP's own (`lb_as_v2_dump`). Skipped without
 * MAGLEV_VPP_PREFIX.
 */
import assert from "node:assert/strict";
import { ipFromBytes } from "../../src/base/address.ts";
import { finish } from "../../src/async/steps.ts";
import type { BackendState } from "../../src/health/state.ts";
import { frontendHealth } from "../../src/health/frontend.ts";
import { desiredVip } from "../../src/vpp/lb/desired.ts";
import type { HealthView } from "../../src/forecast/desired_frontends.ts";
import { forecastVips } from "../../src/forecast/vips.ts";
import type { DesiredVip, LbCapabilities } from "../../src/vpp/lb/model.ts";
import { vipKeyText } from "../../src/vpp/lb/model.ts";
import type { FrontendConfig } from "../../src/config/model.ts";
import { mulberry32 } from "../support/fakes/mulberry32.ts";
import { smallConfig } from "../support/fakes/small_config.ts";
import { Rig } from "./rig.ts";
import { OLDER_PLUGINS, SKIP_REASON, startVpp } from "./support.ts";
import { viewedVips } from "./view.ts";

const SEED = Number(Deno.env.get("MAGLEV_BUCKETS_SEED") ?? 20_262);
const MOST_SERVERS = 64;

/** So many VIPs with tables so long; VPP itself takes its time to fill long ones. */
interface Size {
  readonly vips: number;
  readonly length: number;
}

const SIZES: readonly Size[] = [
  { vips: 150, length: 1024 },
  { vips: 80, length: 4096 },
  { vips: 10, length: 65_536 },
];

const OLDER_REASON = SKIP_REASON === "" && OLDER_PLUGINS === ""
  ? " (skipped: MAGLEV_VPP_OLDER_PLUGINS is not set)"
  : SKIP_REASON;

type Below = (limit: number) => number;

/** Frontends of 1 to 64 servers, IPv4 and IPv6, weights 0 to 100, anyone's state any. */
function randomView(below: Below, { vips, length }: Size): HealthView {
  const backends: Record<string, { address: string }> = {};
  const frontends: Record<string, { address: string; pools: string }> = {};
  for (let vip = 0; vip < vips; vip++) {
    const six = below(2) === 1;
    const servers = Array.from({ length: 1 + below(MOST_SERVERS) }, (_, i) => {
      const bytes = Uint8Array.from({ length: six ? 16 : 4 }, () => below(256));
      // Unicast, and no address twice: the last bytes are counted.
      bytes[0] = six ? 0x20 : 1 + below(126);
      bytes.set([vip, i], bytes.length - 2);
      const name = `v${vip}s${i}`;
      backends[name] = { address: ipFromBytes(bytes).text };
      return `${name}:${below(3) === 0 ? 100 * below(2) : below(101)}`;
    });
    const address = below(2) === 0 ? `192.0.2.${vip + 1}` : `2001:db8::${vip + 1}`;
    frontends[`f${vip}`] = { address, pools: servers.join(" ") };
  }
  const config = smallConfig({ backends, frontends, newFlowsTableLength: length });
  return { config, frontends: config.frontends, stateOf: () => "up" };
}

/** Other weights, and backends that are paused, disabled or down. */
function changed(view: HealthView, below: Below): HealthView {
  const states = new Map<string, BackendState>();
  for (const name of view.config.backends.keys()) {
    if (below(10) === 0) states.set(name, (["paused", "disabled", "down"] as const)[below(3)]!);
  }
  const frontends = new Map(
    [...view.frontends].map(([name, frontend]): [string, FrontendConfig] => {
      const pools = frontend.pools.map((pool) => ({
        ...pool,
        backends: pool.backends.map((entry) =>
          below(4) === 0 ? { ...entry, weight: below(101) } : entry
        ),
      }));
      return [name, { ...frontend, pools }];
    }),
  );
  return { ...view, frontends, stateOf: (name) => states.get(name) ?? "up" };
}

function desiredVipsOf({ config, frontends, stateOf }: HealthView): DesiredVip[] {
  return [...frontends.values()].map((frontend) =>
    desiredVip(frontend, {
      servers: frontendHealth(frontend, {
        stateOf,
        addressOf: (name) => config.backends.get(name)!.address,
      }).servers,
      newFlowsTableLength: config.vppLb!.newFlowsTableLength,
    })
  );
}

/** A line of Rig.inVpp(): `192.0.2.1/32 6 80 gre4 10.0.0.1=100/1024`. */
function readLine(line: string): [key: string, servers: string[]] {
  const words = line.split(" ");
  return [words.slice(0, 3).join(" "), words.at(-1)!.split(",").sort()];
}

/** Servers of each VIP as `10.0.0.1=100/1024`, sorted, by key. */
type Buckets = ReadonlyMap<string, readonly string[]>;

/** From an empty VPP to random VIPs, then a change: the forecast and VPP's state. */
async function compare(
  rig: Rig,
  options: {
    readonly below: Below;
    readonly size: Size;
    readonly can: LbCapabilities;
    readonly read: () => Promise<Buckets>;
  },
): Promise<void> {
  const { below, size, can, read } = options;
  const now = randomView(below, size);
  const nothing = { ...now, frontends: new Map() };
  const after = changed(now, below);
  const first = finish(forecastVips({ now: nothing, atOnce: now, settled: now, can }));
  const second = finish(forecastVips({ now, atOnce: after, settled: after, can }));
  // The rest of the previous round is removed first.
  await rig.wish([]);
  for (const [view, forecast] of [[now, first], [after, second]] as const) {
    const report = await rig.wish(desiredVipsOf(view));
    assert.equal(report.failed, 0);
    const { vip_added: vipAdded, as_added: asAdded, as_weight_updated: updated } = report.counts;
    assert.deepEqual(
      [
        forecast.operations.vipAdded,
        forecast.operations.asAdded,
        forecast.operations.asWeightUpdated,
      ],
      [vipAdded, asAdded, updated],
    );
    const inVpp = await read();
    const compared = forecast.vips.filter((vip) => vip.change !== "unchanged");
    for (const vip of compared) {
      const key = vipKeyText(vip);
      const told = vip.servers.flatMap(({ address, atOnce }) =>
        atOnce === undefined ? [] : [`${address.text}=${atOnce.weight}/${atOnce.buckets}`]
      );
      assert.deepEqual(told.sort(), inVpp.get(key), `seed ${SEED}, ${size.length} buckets, ${key}`);
    }
    assert.ok(compared.length >= size.vips * 0.8, `${compared.length} of ${size.vips}`);
  }
}

Deno.test({
  name: `real VPP: buckets match the forecast, for 240 random VIPs${SKIP_REASON}`,
  ignore: SKIP_REASON !== "",
  fn: async () => {
    const prng = mulberry32(SEED);
    const below: Below = (limit) => Math.floor(prng() * limit);
    await using vpp = await startVpp();
    await using rig = await new Rig(vpp).start();
    const read = async () => new Map((await rig.inVpp()).map(readLine));
    for (const size of SIZES) await compare(rig, { below, size, can: { weights: true }, read });
  },
});

Deno.test({
  name: `VPP 26.06: buckets match the forecast, for 240 random VIPs${OLDER_REASON}`,
  ignore: OLDER_REASON !== "",
  fn: async () => {
    const prng = mulberry32(SEED + 1);
    const below: Below = (limit) => Math.floor(prng() * limit);
    await using vpp = await startVpp({ plugins: OLDER_PLUGINS });
    await using rig = await new Rig(vpp).start();
    // Its API does not return buckets; its CLI does.
    const read = async () =>
      new Map((await viewedVips(vpp)).map(({ key, servers }) => [
        key,
        servers.map(({ address, buckets }) => `${address}=100/${buckets}`).sort(),
      ]));
    for (const size of SIZES) await compare(rig, { below, size, can: { weights: false }, read });
  },
});
