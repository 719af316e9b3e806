/** Tests DrainWatch over a connection whose VIPs and counters the test sets. */
import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { FakeConnection } from "../../../tests/support/worlds/reconcile_world.ts";
import { PluginLb } from "../../../tests/support/worlds/plugin_lb.ts";
import { actual, desired, ip } from "../../../tests/support/fakes/vips.ts";
import type { ActualVip } from "../lb/model.ts";
import { vipKeyText, vipLabel } from "../lb/model.ts";
import type { CounterQuery, StatsReader } from "../ports.ts";
import { type DrainedServer, DrainWatch } from "./watch.ts";

const SERVER = "10.0.0.1";
const WEB = desired("192.0.2.1");
const TLS = desired("192.0.2.1", "", { port: 443 });
const WEB_KEY = vipKeyText(WEB);
const WEB_NAME = "192.0.2.1:80/tcp";
const NEEDED_MS = 42_000;

class DrainWorld {
  readonly #ends: boolean;
  readonly clock = new FakeClock();
  readonly connection = new FakeConnection();
  readonly vips = new Map<string, ActualVip>();
  readonly reads: string[] = [];
  readonly ended: string[] = [];
  drained: readonly DrainedServer[] = [];
  /** Packets of the server's route 11. */
  packets = 100;
  readonly stats: StatsReader = {
    prepare: ([query]: readonly CounterQuery[]) => ({
      read: () => ({
        kind: "ok",
        values: [Float64Array.from([...query!.indices].flatMap((i) => [
          i === 11 ? this.packets : NaN,
          0,
        ]))],
      }),
    }),
  };
  readonly watch = new DrainWatch({
    clock: this.clock,
    connection: this.connection,
    drained: (backend) =>
      this.drained.filter((each) => backend === undefined || each.backend === backend),
    vip: (key) => this.vips.get(vipKeyText(key)),
    read: (keys) => this.reads.push(`${this.clock.monotonicMs() / 1000}: ${keys.join(", ")}`),
    neededMs: () => NEEDED_MS,
    onEnd: ({ backend }, end) => {
      this.ended.push(`${backend} ${end}`);
      if (!this.#ends) return;
      this.drained = this.drained.filter((server) => server.backend !== backend);
    },
  });

  /** `ends` false: drains go on when no flow is left. */
  constructor({ ends = true } = {}) {
    this.#ends = ends;
  }

  connect(weights = true): void {
    this.connection.connect(new PluginLb(undefined, { weights }), this.stats);
  }

  /** VPP is read, and has the server with this weight and these flows. */
  found(flows: number, weight = 0): void {
    for (const vip of [WEB, TLS]) {
      const shape = { port: vip.port };
      const { servers, ...rest } = actual("192.0.2.1", `${SERVER}=${weight}`, shape);
      const figures = { flows, routeIndex: 11 };
      this.vips.set(vipKeyText(vip), {
        ...rest,
        servers: servers.map((server) => ({ ...server, figures })),
      });
    }
  }

  drain(backend = "a"): void {
    this.drained = [{ backend, address: ip(SERVER), vips: [WEB, TLS], drain: {} }];
    this.watch.update();
  }
}

function drainWorld(flows: number): DrainWorld {
  const world = new DrainWorld();
  world.connect();
  world.found(flows);
  world.drain();
  return world;
}

Deno.test("DrainWatch has no timer without drains", () => {
  const { watch, clock } = new DrainWorld();
  watch.update();
  assert.equal(clock.timers, 0);
  assert.equal(watch.progress("a"), undefined);
});

Deno.test("DrainWatch ends a drain after the silence, and shows how long it lasts", () => {
  const world = drainWorld(7);
  world.clock.advance(20_000);
  world.packets++;
  world.clock.advance(11_000);
  const { watch, ended, clock } = world;
  const shown = {
    flows: 14,
    quietMs: 10_000,
    neededMs: NEEDED_MS,
    isZero: true,
    unwatched: "",
    end: undefined,
  };
  assert.deepEqual(watch.progress("a"), shown);
  clock.advance(31_000);
  assert.deepEqual(ended, []);
  clock.advance(1000);
  assert.deepEqual(ended, ["a no-packets"]);
  assert.equal(clock.timers, 0);
});

Deno.test("DrainWatch has VPP read at once and every ten seconds, and ends without flows", () => {
  const world = drainWorld(0);
  const start = world.clock.monotonicMs() / 1000;
  world.clock.advance(12_500);
  const both = `${WEB_KEY}, ${vipKeyText(TLS)}`;
  assert.deepEqual(world.reads, [`${start + 1}: ${both}`, `${start + 11}: ${both}`]);
  assert.deepEqual(world.ended, []);
  world.found(0);
  world.clock.advance(1000);
  assert.deepEqual(world.ended, ["a no-flows"]);
});

Deno.test("DrainWatch waits until VPP has weight 0, and reports what is missing", () => {
  const world = new DrainWorld();
  world.drain();
  const problem = () => world.watch.progress("a")?.unwatched;
  assert.equal(problem(), "VPP is not connected");
  world.connect();
  assert.equal(problem(), `VPP is not known to have VIP ${WEB_NAME}`);
  world.found(3, 100);
  assert.equal(problem(), `VPP still has weight 100 for it in VIP ${WEB_NAME}`);
  const all = desired("2001:db8::1", "", { port: 0, protocol: 255 });
  assert.equal(vipLabel(all), "[2001:db8::1]:*/any");
  world.clock.advance(2 * NEEDED_MS);
  assert.deepEqual([world.ended, world.reads], [[], []]);
  world.found(3);
  assert.equal(problem(), "");
  world.clock.advance(NEEDED_MS);
  assert.deepEqual(world.ended, []);
  world.clock.advance(1000);
  assert.deepEqual(world.ended, ["a no-packets"]);
});

Deno.test("DrainWatch reports the end of a drain that goes on once, and shows it until then", () => {
  const world = new DrainWorld({ ends: false });
  world.connect();
  world.drain();
  assert.deepEqual([world.watch.progress("a")?.isZero, world.watch.progress("a")?.end], [
    false,
    undefined,
  ]);
  world.found(7);
  world.clock.advance(2 * NEEDED_MS);
  assert.deepEqual(world.ended, ["a no-packets"]);
  const reads = world.reads.length;
  world.packets++;
  world.clock.advance(NEEDED_MS);
  assert.deepEqual([world.ended.length, world.reads.length], [1, reads]);
  assert.equal(world.watch.progress("a")?.end, "no-packets");
  world.connect();
  assert.equal(world.watch.progress("a")?.end, undefined);
  world.watch.stop();
});

Deno.test("DrainWatch does not watch a VPP without weights", () => {
  const world = new DrainWorld();
  world.connect(false);
  world.found(0);
  world.drain();
  world.clock.advance(2 * NEEDED_MS);
  assert.deepEqual(world.ended, []);
  assert.match(world.watch.progress("a")!.unwatched, /no weights/);
});

Deno.test("DrainWatch starts again with another drain and with another VPP", () => {
  for (const change of ["drain", "vpp"] as const) {
    const world = drainWorld(7);
    world.clock.advance(40_000);
    if (change === "drain") world.drain();
    else {
      world.connection.disconnect();
      world.connect();
    }
    world.clock.advance(42_000);
    assert.deepEqual(world.ended, [], change);
    world.clock.advance(1000);
    assert.deepEqual(world.ended, ["a no-packets"], change);
  }
});

Deno.test("DrainWatch stops with its timer", () => {
  const { watch, clock } = drainWorld(7);
  watch.stop();
  assert.equal(clock.timers, 0);
  watch.update();
  assert.equal(clock.timers, 0);
});
