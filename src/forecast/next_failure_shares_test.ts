/**
 * The tables that the next failure leaves, against a simulated VPP in which it happens. Goal: for
 * random configurations, and each server failed in turn, the share of each survivor, what moves, and
 * which frontends are emptied are those that were foretold.
 */
import assert from "node:assert/strict";
import { monotonic } from "../../tests/support/fakes/instants.ts";
import { mulberry32 } from "../../tests/support/fakes/mulberry32.ts";
import { type SmallConfig, smallConfig } from "../../tests/support/fakes/small_config.ts";
import { referenceTable } from "../../tests/support/judges/reference_table.ts";
import { setUp, WHO } from "../../tests/support/worlds/checker_fixture.ts";
import { syncPlugin, vipsOn } from "../../tests/support/worlds/plugin_sync.ts";
import type { Prng } from "../base/ports.ts";
import { LbPlugin } from "../sim/plugin/plugin.ts";
import type { ActualVip } from "../vpp/lb/model.ts";
import { TableCache } from "../vpp/lb/table_shift.ts";
import { healthWithout, lastServers } from "./next_failure.ts";

/** MAGLEV_FUZZ=10 makes it 500. */
const CONFIGURATIONS = 50 * Number(Deno.env.get("MAGLEV_FUZZ") ?? 1);
const TABLES = new TableCache(1 << 20);

/** A configuration, and the states of its backends. */
interface Start {
  readonly config: SmallConfig & { readonly newFlowsTableLength: number };
  readonly down: readonly string[];
  readonly paused: readonly string[];
}

function randomStart(random: Prng): Start {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const names = Array.from({ length: 3 + Math.floor(random() * 5) }, (_, at) => `b${at}`);
  const pool = (): string => {
    const some = names.filter(() => random() < 0.6);
    const entries = some.length === 0 ? [pick(names)] : some;
    return entries.map((name) => `${name}:${pick([100, 100, 60, 30, 0])}`).join(" ");
  };
  const frontends = Object.fromEntries(["web", "api", "dns"].map((name) => [name, {
    pools: random() < 0.4 ? `${pool()} | ${pool()}` : pool(),
    srcIpSticky: random() < 0.2,
    flushOnDown: random() < 0.5,
    ...(random() < 0.2 ? { onAllDown: "last-good" as const } : {}),
    ...(random() < 0.2 ? { maxDown: { count: 1 } } : {}),
  }]));
  // Some have two names for one server.
  const backends = Object.fromEntries(
    names.map((name, at) => [name, { address: `10.0.0.${random() < 0.1 ? 1 : at + 1}` }]),
  );
  return {
    config: { backends, frontends, newFlowsTableLength: pick([64, 256, 1024]) },
    down: names.filter(() => random() < 0.15),
    paused: names.filter(() => random() < 0.1),
  };
}

/** A checker in that state, and a VPP that has what it should have. */
function began({ config, down, paused }: Start) {
  const { checker, engine } = setUp(smallConfig(config));
  checker.start();
  const names = Object.keys(config.backends);
  engine.bringUp(...names);
  engine.takeDown(...down);
  for (const name of paused) checker.pauseBackend(name, WHO);
  const plugin = new LbPlugin(monotonic(0));
  const sync = () => syncPlugin(plugin, checker.current.frontends, config.newFlowsTableLength);
  sync();
  const vips = () =>
    new Map(
      [...vipsOn(plugin, checker.current.frontends).values()].map((vip) =>
        [vip.frontend, vip] as const
      ),
    );
  /** All backends at an address fail their checks. */
  const fail = (address: string) => {
    const running = names.filter((name) => engine.running.has(name));
    engine.takeDown(...running.filter((name) => config.backends[name]!.address === address));
    sync();
  };
  return { checker, vips, fail };
}

/** The server of each bucket in VPP, by another implementation; its counts are the plugin's. */
function ownersIn({ servers, newFlowsTableLength }: ActualVip): readonly (string | undefined)[] {
  const table = [...referenceTable(servers, newFlowsTableLength!)];
  servers.forEach(({ buckets }, place) =>
    assert.equal(table.filter((owner) => owner === place).length, buckets)
  );
  return table.map((place) => servers[place]?.address.text);
}

Deno.test("healthWithout() foretells each share in VPP's table for random configurations, each server failed", () => {
  const random = mulberry32(45);
  const seen = { failures: 0, moved: 0, emptied: 0 };
  for (let round = 0; round < CONFIGURATIONS; round++) {
    const start = randomStart(random);
    const now = began(start);
    const { checker: { current } } = now;
    const before = now.vips();
    const lasts = [...lastServers(current)].map(({ frontend, address }) =>
      `${frontend} ${address}`
    );
    const addresses = new Set(Object.values(start.config.backends).map(({ address }) => address!));
    const emptied: string[] = [];
    for (const address of [...addresses].sort()) {
      const played = began(start);
      played.fail(address);
      for (const [name, after] of played.vips()) {
        const why = `round ${round}: ${name} without ${address}: ${JSON.stringify(start)}`;
        const view = current.frontends.get(name)!;
        const { servers } = healthWithout(view, address, current);
        const { srcIpSticky } = view.config;
        const length = start.config.newFlowsTableLength;
        const buckets = TABLES.buckets({ servers, length, srcIpSticky });
        const told = servers.map(({ address }, at) => `${address.text} ${buckets[at]}`);
        const found = after.servers.map(({ address, buckets }) => `${address.text} ${buckets}`);
        assert.deepEqual(told.sort(), found.sort(), why);

        const was = before.get(name)!;
        const shift = TABLES.shift(
          { servers: was.servers, length, srcIpSticky },
          { servers, length, srcIpSticky },
        );
        const [left, right] = [ownersIn(was), ownersIn(after)];
        const count = (is: (from: string | undefined, to: string | undefined) => boolean) =>
          left.filter((from, bucket) => is(from, right[bucket])).length;
        const moved = count((from, to) => from !== undefined && to !== undefined && from !== to);
        const lost = count((from, to) => from !== undefined && to === undefined);
        assert.deepEqual([shift.moved, shift.lost], [moved, lost], why);
        if (lost > 0) emptied.push(`${name} ${address}`);
        seen.failures++;
        if (moved > 0) seen.moved++;
      }
    }
    assert.deepEqual(lasts.sort(), emptied.sort(), `round ${round}: ${JSON.stringify(start)}`);
    seen.emptied += emptied.length;
  }
  assert.ok(seen.moved > 2 * CONFIGURATIONS, JSON.stringify(seen));
  assert.ok(seen.emptied > CONFIGURATIONS / 10, JSON.stringify(seen));
});
