/** What is drawn: probes, VPP's state, rates and strips. */
import assert from "node:assert/strict";
import { settle } from "../../../tests/support/fakes/fake_clock.ts";
import { MS } from "../../../tests/support/fakes/fake_maglevd.ts";
import { onHub, smallMaglevd } from "../../../tests/support/worlds/hub_world.ts";

/** The fake clock's wall time at its start. */
const WALL_MS = 1_700_000_000_000;

Deno.test("probes are followed while a browser shows the maglevd, and summed up", async () => {
  const lb1 = smallMaglevd();
  await onHub({ lb1 }, async ({ hub, clock, take, takeOf }) => {
    await clock.advanceAsync(1000);
    assert.equal(lb1.streams("error"), 0);
    const [hide, hideToo] = [hub.show("lb1"), hub.show("lb1")];
    hub.show("no such")();
    await settle();
    assert.equal(lb1.streams("error"), 1);
    const { seq } = hub.state("viewer");
    take();
    lb1.activity([["b0", false, "L7TOUT", 3]]);
    lb1.activity(
      [["b0", false, "L7STS", 2], ["b1", true, "L7OK", 4], ["unknown", true, "L7OK", 1]],
      { vppCalls: 1, vppErrors: 1 },
    );
    await clock.advanceAsync(250);
    const events = take();
    assert.deepEqual(events.map(({ type }) => type), ["probes", "vpp-api"]);
    const [probes, api] = events;
    assert.deepEqual(probes?.type === "probes" && probes.probes, {
      b0: ["L7STS", false, 2, 2, 1.5],
      b1: ["L7OK", true, 4, 1, 1.5],
    });
    assert.deepEqual(api?.type === "vpp-api" && [api.calls, api.failed], [1, 1]);
    const [b0] = hub.maglevd("lb1", "viewer")!.backends;
    assert.deepEqual(b0!.last_result, { ok: false, code: "L7STS", detail: "d", duration_ms: 1.5 });
    assert.equal(hub.maglevd("lb1", "viewer")!.vpp.calls_per_s, 4);
    assert.equal(hub.state("viewer").seq, seq, "none of them is replayed");
    assert.deepEqual(hub.history("lb1")!.backends.b0!.results.map(({ code }) => code), [
      "L7TOUT",
      "L7STS",
    ]);
    assert.deepEqual(hub.history("lb1", 1)!.backends.b0!.results.map(({ code }) => code), [
      "L7STS",
    ]);
    assert.deepEqual(hub.history("lb1", 0)!.backends.b0!.results, []);
    assert.equal(hub.history("lb1")!.backends.b0!.strip.at(-1), "f");
    hide();
    hide();
    await settle();
    assert.equal(lb1.streams("error"), 1);
    hideToo();
    await settle();
    assert.equal(lb1.streams("error"), 0);
    takeOf("probes");
    await clock.advanceAsync(1000);
    assert.deepEqual(takeOf("probes"), []);
    hub.show("lb1");
    await settle();
    assert.equal(lb1.streams("error"), 1);
  });
});

Deno.test("VPP's own state is read at most once a second, and after it was programmed", async () => {
  const lb1 = smallMaglevd();
  lb1.status = { ...lb1.status, vpp: "connected" };
  const server = (address: string, weight: number) => ({
    ...{ address, weight, flags: 1, numBuckets: 8, flows: 3, backends: [] },
    ...{ packets: undefined, bytes: undefined },
  });
  const vip = (weight: number) => ({
    ...{ prefix: "192.0.2.1/32", protocol: "tcp", port: 80, encap: "gre4", flowTableLength: 8 },
    srcIpSticky: false,
    applicationServers: [server("10.0.0.0", weight), server("10.0.0.1", 50), server("10.0.0.2", 0)],
  });
  lb1.lb = { conf: undefined, vips: [vip(100)] };
  await onHub({ lb1 }, async ({ hub, clock, take, takeOf }) => {
    assert.equal(takeOf("lb-state").length, 1);
    const hide = hub.show("lb1");
    await clock.advanceAsync(10_000);
    const before = lb1.count("GetVPPLBState");
    for (let i = 0; i < 20; i++) {
      lb1.transit("b0", i % 2 === 0 ? "down" : "up", { atMs: WALL_MS + 10_000 + i });
      await clock.advanceAsync(100);
    }
    assert.equal(lb1.count("GetVPPLBState") - before, 3);
    await clock.advanceAsync(5000);
    const reads = lb1.count("GetVPPLBState") - before;
    assert.ok(reads >= 4 && reads <= 5, `${reads}`);
    assert.deepEqual(hub.problems("viewer"), []);
    // No browser shows it: seldom, but after all that was done too.
    hide();
    const hidden = lb1.count("GetVPPLBState");
    for (let i = 0; i < 50; i++) {
      lb1.transit("b0", i % 2 === 0 ? "down" : "up", { atMs: WALL_MS + 17_000 + i });
      await clock.advanceAsync(100);
    }
    assert.ok(lb1.count("GetVPPLBState") - hidden <= 2);
    await clock.advanceAsync(10_000);
    assert.deepEqual(hub.problems("viewer"), []);
    take();
    // A change that VPP does not follow: readings are reported until one is sure to be later.
    lb1.transit("b0", "down", { atMs: WALL_MS + 32_000 });
    await clock.advanceAsync(30_000);
    const unchanged = takeOf("lb-state");
    assert.ok(unchanged.length > 0 && unchanged.length <= 4, `${unchanged.length}`);
    assert.ok(unchanged.every(({ vips, removed }) => vips.length + removed.length === 0));
    lb1.transit("b0", "up", { atMs: WALL_MS + 62_000 });
    await clock.advanceAsync(30_000);
    take();
    // It differs from what is wanted; flows alone are not worth an event.
    lb1.lb = { conf: undefined, vips: [vip(70)] };
    await clock.advanceAsync(30_000);
    const [change] = takeOf("lb-state");
    assert.equal(change?.vips[0]?.servers[0]?.weight, 70);
    assert.deepEqual(hub.problems("viewer").map(({ kind, message }) => `${kind}: ${message}`), [
      "dataplane: 10.0.0.0 has weight 70 in VPP, and should have 100",
    ]);
    lb1.lb = { conf: undefined, vips: [] };
    await clock.advanceAsync(30_000);
    assert.deepEqual(takeOf("lb-state")[0]?.removed, ["192.0.2.1/32 tcp 80"]);
  });
});

Deno.test("packet rates are read every 5 s while a browser looks, else every 30 s", async () => {
  const lb1 = smallMaglevd();
  lb1.status = { ...lb1.status, vpp: "connected" };
  let reads = 0;
  lb1.answer("GetVPPLBCounters", () => {
    reads++;
    const each = { fibPackets: undefined, fibBytes: undefined, untracked: 0n, noServer: 0n };
    return {
      vips: [{
        ...{ prefix: "192.0.2.1/32", protocol: "tcp", port: 80, ...each },
        ...{ first: BigInt(reads * 50), next: BigInt(reads * 500) },
      }],
      takenAt: BigInt(5000 * reads) * MS,
      servers: [],
    };
  });
  await onHub({ lb1 }, async ({ hub, clock, takeOf }) => {
    await clock.advanceAsync(60_000);
    assert.equal(reads, 3);
    assert.deepEqual(takeOf("rates"), []);
    const hide = hub.show("lb1");
    await clock.advanceAsync(60_000);
    assert.equal(reads, 16);
    assert.deepEqual(takeOf("rates").at(-1)?.vips, { "192.0.2.1/32 tcp 80": [10, 100, 0] });
    hide();
    const { vips } = hub.history("lb1")!;
    assert.deepEqual(vips["192.0.2.1/32 tcp 80"]!.first.slice(0, 3), [null, 10, 10]);
  });
});

Deno.test("after a start the strip and the flaps are those that maglevd remembers", async () => {
  const lb1 = smallMaglevd();
  const at = (agoS: number) => BigInt(WALL_MS - 1000 * agoS) * MS;
  const result = { ok: false, layer: "L4", code: "L4CON", detail: "", durationNs: 0n };
  lb1.change("b0", {
    state: "up",
    sinceUnixNs: at(100),
    transitions: [
      { from: "unknown", to: "up", atUnixNs: at(5000), result },
      { from: "up", to: "down", atUnixNs: at(300), result },
      { from: "down", to: "up", atUnixNs: at(100), result },
    ],
  });
  lb1.change("b1", { sinceUnixNs: at(200) });
  await onHub({ lb1 }, async ({ hub, clock }) => {
    const { backends, end_ms, slot_ms } = hub.history("lb1")!;
    assert.match(backends.b0!.strip, /^u{28,30}d{19,21}u{10,11}$/);
    assert.match(backends.b1!.strip, /^\.{38,40}u{20,22}$/);
    assert.equal(slot_ms, 10_000);
    assert.ok(end_ms >= WALL_MS && end_ms <= WALL_MS + 10_000);
    assert.equal(hub.maglevd("lb1", "viewer")!.backends[0]!.flaps, 2);
    // A connection that is lost leaves a gap, until maglevd's own memory fills it.
    lb1.isRefused = true;
    lb1.endStreams();
    await clock.advanceAsync(60_000);
    assert.match(hub.history("lb1")!.backends.b1!.strip, /u\.{5,6}$/);
    lb1.isRefused = false;
    await clock.advanceAsync(6000);
    assert.match(hub.history("lb1")!.backends.b1!.strip, /^\.*u+$/);
    // An hour later the flaps are over.
    await clock.advanceAsync(3_600_000);
    assert.equal(hub.maglevd("lb1", "viewer")!.backends[0]!.flaps, 0);
  });
});
