/**
 * Counters of a real VPP, moved by real packets. VPP runs in a namespace of its own, with a
 * `host-interface` on one end of a veth. The other end is in a second namespace, from which flows
 * are sent to VIPs. No packet leaves the two.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { SystemClock } from "../../src/system/system_clock.ts";
import { createVppConnection } from "../../src/vpp/api/connection.ts";
import { VppCounters } from "../../src/vpp/counters/counters.ts";
import type { DesiredVip } from "../../src/vpp/lb/model.ts";
import { vipKeyText } from "../../src/vpp/lb/model.ts";
import type { CountersSnapshot, VipCounters } from "../../src/vpp/ports.ts";
import { Reconciler } from "../../src/vpp/sync/reconcile.ts";
import { openStatsSession } from "../../src/vpp/stats/session.ts";
import { FakeSource } from "../support/worlds/reconcile_world.ts";
import { RecordingLogger } from "../support/fakes/recording_logger.ts";
import { desired, type VipShape } from "../support/fakes/vips.ts";
import { type RunningVpp, startVpp } from "./support.ts";
import { NO_WIRE, Wire } from "./wire.ts";

const CLOCK = new SystemClock();
const INTERVAL_MS = 100;
const A = "192.0.2.1";
const B = "192.0.2.2";
const SIX = "2001:db8:77::1";
const UDP: VipShape = { protocol: 17, port: 5000 };
const UP = "10.0.0.1=100 10.0.0.2=100";

/** Everything of the daemon that has to do with VPP. */
class Rig implements AsyncDisposable {
  readonly source = new FakeSource();
  readonly logger = new RecordingLogger();
  readonly connection;
  readonly reconciler: Reconciler;
  readonly counters: VppCounters;
  readonly published: (CountersSnapshot | undefined)[] = [];

  constructor(vpp: RunningVpp) {
    const { logger } = this;
    this.connection = createVppConnection({
      apiAddress: vpp.apiSocket,
      statsAddress: vpp.statsSocket,
      openStats: openStatsSession,
      clock: CLOCK,
      logger,
      observer: { message: () => {} },
    });
    this.reconciler = new Reconciler({
      connection: this.connection,
      source: this.source,
      clock: CLOCK,
      logger,
      lbConfig: () => ({ syncIntervalMs: 3_600_000, startupMinDelayMs: 0, startupMaxDelayMs: 0 }),
    });
    this.counters = new VppCounters({
      connection: this.connection,
      counted: () => this.reconciler.counted(),
      clock: CLOCK,
      logger,
      intervalMs: () => INTERVAL_MS,
    });
    this.counters.onSnapshot = (snapshot) => this.published.push(snapshot);
  }

  start(): void {
    this.reconciler.start();
    this.counters.start();
    this.connection.start();
  }

  async wish(...vips: readonly DesiredVip[]): Promise<void> {
    this.source.vips.clear();
    for (const vip of vips) this.source.vips.set(vipKeyText(vip), vip);
    const report = await this.reconciler.sync();
    assert.equal(report.failed, 0);
  }

  /** The counters of a VIP as soon as they are as wanted. */
  async until(key: string, wanted: Partial<Omit<VipCounters, "vip">>): Promise<VipCounters> {
    const endMs = CLOCK.monotonicMs() + 5000;
    for (;;) {
      const now = rows(this.counters.snapshot).get(key);
      const fits = now !== undefined &&
        Object.entries(wanted).every(([name, value]) => now[name as keyof VipCounters] === value);
      if (fits) return now;
      const text = JSON.stringify({ now, wanted, log: this.logger.of("vpp-counters-error") });
      assert.ok(CLOCK.monotonicMs() < endMs, `${key}: ${text}`);
      await sleep(20);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.counters.stop(), this.reconciler.stop()]);
    await this.connection.stop();
  }
}

function rows(snapshot: CountersSnapshot | undefined): Map<string, VipCounters> {
  const vips = snapshot?.vips ?? [];
  return new Map(vips.map((vip, i) => [vipKeyText(vip), snapshot!.at(i)]));
}

async function connected(rig: Rig): Promise<void> {
  const endMs = CLOCK.monotonicMs() + 10_000;
  while (rig.connection.state.kind !== "connected") {
    assert.ok(CLOCK.monotonicMs() < endMs, "VPP is connected");
    await sleep(10);
  }
}

const KEY_A = `${A}/32 17 5000`;
const KEY_B = `${B}/32 17 5000`;
const KEY_SIX = `${SIX}/128 17 5000`;
const ZERO = { next: 0, first: 0, untracked: 0, noServer: 0, fibPackets: 0, fibBytes: 0 };
/** An IPv4 datagram of 100 bytes, with its headers, and an IPv6 one. */
const FOUR = 128;
const SIXES = 148;

function countersTest(name: string, workers: number, fn: (on: Given) => Promise<void>): void {
  Deno.test({
    name: `Counters of VPP ${name}${NO_WIRE}`,
    ignore: NO_WIRE !== "",
    async fn() {
      await using wire = await new Wire().make();
      await using vpp = await startVpp({ netns: wire.inside, workers });
      await wire.plug(vpp);
      await using rig = new Rig(vpp);
      rig.start();
      await connected(rig);
      await fn({ wire, vpp, rig });
    },
  });
}

interface Given {
  readonly wire: Wire;
  readonly vpp: RunningVpp;
  readonly rig: Rig;
}

countersTest("match the sent packets, and restart with a VIP that is recreated", 0, async (on) => {
  const { wire, vpp, rig } = on;
  const { state } = rig.connection;
  assert.ok(state.kind === "connected");
  assert.ok(Math.abs(state.info.bootAtMs! - CLOCK.wallMs()) < 60_000, `${state.info.bootAtMs}`);
  // No VIP was ever added: VPP has not even the counters' names.
  assert.deepEqual([...rows(rig.counters.snapshot).keys()], []);
  const six = desired(SIX, "fd00::1=100", UDP);
  await rig.wish(desired(A, UP, UDP), desired(B, "10.0.0.1=0", UDP), six);
  for (const key of [KEY_A, KEY_B, KEY_SIX]) await rig.until(key, ZERO);

  await wire.send(A, 5000, 3, 20);
  await wire.send(B, 5000, 1, 7);
  await wire.send(SIX, 5000, 2, 5);
  // The first packet that has to find its neighbour may wait there and be the last to come.
  await rig.until(KEY_A, { first: 3, next: 57, fibPackets: 60, fibBytes: 60 * FOUR });
  const none = await rig.until(KEY_B, { next: 0, first: 0, fibPackets: 7, fibBytes: 7 * FOUR });
  // Flows of one hash have four places. Each such packet takes one, until none is free.
  assert.equal(none.noServer + none.untracked, 7);
  await rig.until(KEY_SIX, { first: 2, next: 8, fibPackets: 10, fibBytes: 10 * SIXES });
  await judgedByVpp(vpp, rig);

  // Sticky or not is for life: the VIP is deleted and added, and counts from zero elsewhere.
  const mark = rig.published.length;
  const index = (await indices(vpp)).get(A);
  await rig.wish(
    desired(A, UP, { ...UDP, srcIpSticky: true }),
    desired(B, "10.0.0.1=0", UDP),
    six,
  );
  await rig.until(KEY_A, ZERO);
  assert.notEqual((await indices(vpp)).get(A), index);
  await rig.until(KEY_B, { noServer: none.noServer, untracked: none.untracked });
  await wire.send(A, 5000, 1, 4);
  await rig.until(KEY_A, { first: 1, next: 3, fibPackets: 4, fibBytes: 4 * FOUR });
  for (const snapshot of rig.published.slice(mark)) {
    const now = rows(snapshot).get(KEY_A);
    const sum = now === undefined ? 0 : now.first + now.next;
    assert.ok(sum <= 4 || sum === 60, `old and new are not mixed: ${sum}`);
  }
  assert.deepEqual(rig.logger.of("vpp-counters-error"), []);
});

countersTest("have packets and bytes of each server, over all its VIPs", 0, async (on) => {
  const { wire, rig } = on;
  const six = desired(SIX, "fd00::1=100", UDP);
  const both = [desired(A, "10.0.0.1=100", UDP), desired(B, "10.0.0.1=100 10.0.0.2=100", UDP), six];
  await rig.wish(...both);
  await rig.until(KEY_A, ZERO);
  await wire.send(A, 5000, 3, 20);
  await wire.send(B, 5000, 40, 5);
  await wire.send(SIX, 5000, 2, 5);
  await rig.until(KEY_A, { fibPackets: 60 });
  await rig.until(KEY_B, { fibPackets: 200 });
  await rig.until(KEY_SIX, { fibPackets: 10 });
  const servers = new Map(
    rig.counters.snapshot!.servers().map((
      { address, packets, bytes },
    ) => [address.text, { packets, bytes }]),
  );
  const [one, two] = [servers.get("10.0.0.1")!, servers.get("10.0.0.2")!];
  assert.equal(one.packets + two.packets, 260);
  assert.ok(two.packets > 0 && two.packets < 200, `B is shared: ${two.packets}`);
  // Outer headers: 24 bytes of GRE over IPv4, 44 over IPv6.
  assert.equal(one.bytes, one.packets * (FOUR + 24));
  assert.deepEqual(servers.get("fd00::1"), { packets: 10, bytes: 10 * (SIXES + 44) });

  // Sticky flows come with a full read, and are those that VPP prints.
  await rig.wish(...both);
  const state = rig.reconciler.lbState()!;
  const flowsOf = (vip: string) => {
    const found = state.vips.find(({ address }) => address.text === vip)!;
    return found.servers.map(({ figures }) => figures?.flows ?? NaN);
  };
  assert.deepEqual(flowsOf(A), [3]);
  assert.equal(flowsOf(B).reduce((sum, flows) => sum + flows), 40);
});

countersTest("disappear with a VPP that is killed, and return with the next", 0, async (on) => {
  const { wire, vpp, rig } = on;
  const web = desired(A, UP, UDP);
  await rig.wish(web);
  await rig.until(KEY_A, ZERO);
  await wire.send(A, 5000, 1, 5);
  await rig.until(KEY_A, { first: 1, next: 4 });
  await vpp.kill("SIGKILL");
  const killedMs = CLOCK.monotonicMs();
  while (rig.counters.snapshot !== undefined) {
    assert.ok(CLOCK.monotonicMs() - killedMs < 1000, "a dead VPP's counters are not shown");
    await sleep(5);
  }
  await sleep(3 * INTERVAL_MS);
  assert.equal(rig.counters.snapshot, undefined);
  await vpp.restart();
  await wire.plug(vpp);
  await rig.until(KEY_A, ZERO);
  await wire.send(A, 5000, 1, 3);
  await rig.until(KEY_A, { first: 1, next: 2, fibPackets: 3 });
  assert.deepEqual(rig.logger.of("vpp-counters-error"), []);
});

countersTest("are summed over its threads", 1, async ({ wire, vpp, rig }) => {
  // The worker takes what comes in; the main thread counts nothing, so both kinds are there.
  await rig.wish(desired(A, UP, UDP));
  await rig.until(KEY_A, ZERO);
  await wire.send(A, 5000, 2, 10);
  await rig.until(KEY_A, { first: 2, next: 18, fibPackets: 20, fibBytes: 20 * FOUR });
  await judgedByVpp(vpp, rig);
});

countersTest("are correct while the segment is rearranged all the time", 0, async (on) => {
  const { wire, vpp, rig } = on;
  const web = desired(A, UP, UDP);
  await rig.wish(web);
  await wire.send(A, 5000, 1, 10);
  await rig.until(KEY_A, { first: 1, next: 9, fibPackets: 10 });
  const mark = rig.published.length;
  const many = Array.from(
    { length: 300 },
    (_, i) => desired(`198.51.${100 + (i >> 8)}.${i & 255}`, "10.0.0.1=100", UDP),
  );
  // Every loopback interface brings a dozen names, every VIP an element of each vector.
  await Promise.all([
    rig.wish(web, ...many),
    (async () => {
      for (let i = 0; i < 40; i++) await vpp.cli("create loopback interface");
    })(),
  ]);
  await rig.until(`${many[299]!.address.text}/32 17 5000`, ZERO);
  for (const snapshot of rig.published.slice(mark)) {
    const now = rows(snapshot).get(KEY_A);
    if (now !== undefined) assert.deepEqual([now.first, now.next, now.fibPackets], [1, 9, 10]);
  }
  assert.equal(rows(rig.counters.snapshot).size, 301);
  assert.deepEqual(rig.logger.of("vpp-counters-error"), []);
});

/** Pool indices by address, of VIPs in use, by VPP's own output. */
async function indices(vpp: RunningVpp): Promise<Map<string, number>> {
  const text = await vpp.cli("show lb vips verbose");
  const heads = text.matchAll(/^ ip\S+ \[(\d+)\] (\S+)\/\d+(.*)$/gm);
  return new Map(
    [...heads].filter(([, , , rest]) => !rest!.includes("removed"))
      .map(([, index, prefix]) => [prefix!, Number(index)]),
  );
}

/** VPP's own counts, as its debug CLI prints them, are those of the snapshot. */
async function judgedByVpp(vpp: RunningVpp, rig: Rig): Promise<void> {
  const text = await vpp.cli("show lb vips verbose");
  const vips = text.split(/^(?= ip)/m).filter((part) => part.startsWith(" ip"));
  const found = new Map(vips.map((part) => {
    const prefix = /\] (\S+)/.exec(part)![1]!;
    const counts = [...part.matchAll(/^ {4}\D+: (\d+)\s*$/gm)].map(([, count]) => Number(count));
    return [prefix, counts];
  }));
  for (const [key, counters] of rows(rig.counters.snapshot)) {
    const { next, first, untracked, noServer } = counters;
    assert.deepEqual([next, first, untracked, noServer], found.get(key.split(" ")[0]!), key);
  }
}
