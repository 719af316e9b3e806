import assert from "node:assert/strict";
import { MaglevError } from "../../base/errors.ts";
import { settle } from "../../../tests/support/fakes/fake_clock.ts";
import { fakeBackend, fakeFrontend, MS } from "../../../tests/support/fakes/fake_maglevd.ts";
import { onHub, smallMaglevd } from "../../../tests/support/worlds/hub_world.ts";
import type { SentEvent } from "../ports.ts";
import type { Backend } from "../protocol.ts";

/** The fake clock's wall time at its start. */
const WALL_MS = 1_700_000_000_000;

Deno.test("a hub reads everything of a maglevd that it connects to, and reports it whole", async () => {
  await onHub({ lb1: smallMaglevd() }, async ({ hub, take }) => {
    const state = hub.state("viewer");
    assert.equal(state.maglevds.length, 1);
    const [lb1] = state.maglevds;
    assert.equal(lb1!.connected, true);
    assert.equal(lb1!.role, "operator");
    assert.equal(lb1!.refreshed_ms, WALL_MS);
    assert.equal(lb1!.config_on_disk, "same");
    assert.deepEqual(lb1!.backends.map(({ name }) => name), ["b0", "b1", "b2"]);
    assert.deepEqual(lb1!.frontends[0]!.pools[1]!.backends, [
      { name: "b2", weight: 0, effective_weight: 0 },
    ]);
    assert.deepEqual(lb1!.vpp, { state: "off", since_ms: 0 });
    const events = take();
    const whole = events.findLast((event) => event.type === "maglevd-state");
    assert.deepEqual(whole?.type === "maglevd-state" && whole.state.backends, lb1!.backends);
    assert.equal(state.seq, events.length);
    assert.deepEqual(hub.problems("viewer"), []);
    await Promise.resolve();
  });
});

Deno.test("a transition is reported immediately, and the object as it was read within a second", async () => {
  const lb1 = smallMaglevd();
  await onHub({ lb1 }, async ({ hub, clock, take, takeOf }) => {
    await clock.advanceAsync(5000);
    take();
    lb1.transit("b0", "down", { atMs: WALL_MS + 5000 });
    lb1.frontends = [
      fakeFrontend("web", { main: { b0: 0, b1: 50 }, spare: { b2: 0 } }, { description: "later" }),
    ];
    await settle();
    const [event, ...others] = takeOf("backend");
    assert.equal(event?.backend.state, "down");
    assert.equal(event?.backend.since_ms, WALL_MS + 5000);
    assert.deepEqual(event?.transition, {
      from: "up",
      to: "down",
      at_ms: WALL_MS + 5000,
      result: { ok: false, code: "L4CON", duration_ms: 3 },
    });
    assert.equal(event?.backend.flaps, 1);
    assert.ok(others.every(({ transition }) => transition === undefined));
    await clock.advanceAsync(1000);
    const web = hub.maglevd("lb1", "viewer")!.frontends[0]!;
    assert.equal(web.description, "later");
    assert.equal(web.pools[0]!.backends[0]!.effective_weight, 0);
    assert.equal(hub.maglevd("lb1", "viewer")!.backends[0]!.counter, 0);
    // A probe's event has all of a backend; the effect of an operator is read.
    assert.equal(lb1.count("GetBackend"), 0);
    lb1.transit("b1", "disabled", { atMs: WALL_MS + 6000, code: "disabled" });
    lb1.change("b1", { carried: true });
    await clock.advanceAsync(1000);
    assert.equal(hub.maglevd("lb1", "viewer")!.backends[1]!.carried, true);
    assert.deepEqual(hub.problems("viewer").map(({ kind, message }) => `${kind}: ${message}`), [
      "backend: down: L4CON",
    ]);
  });
});

Deno.test("an answer from before an event does not overwrite the event", async () => {
  const lb1 = smallMaglevd();
  await onHub({ lb1 }, async ({ hub, clock }) => {
    await clock.advanceAsync(5000);
    const states = () => hub.maglevd("lb1", "viewer")!.backends[0]!.state;
    const release = lb1.hold("GetBackend");
    lb1.transit("b0", "paused", { atMs: WALL_MS + 5000, code: "paused" });
    await settle();
    assert.equal(lb1.count("GetBackend"), 1);
    lb1.transit("b0", "unknown", { atMs: WALL_MS + 5001, code: "resumed" });
    await settle();
    release();
    await settle();
    assert.equal(states(), "unknown");
    await clock.advanceAsync(1000);
    assert.equal(lb1.count("GetBackend"), 2);
    assert.equal(states(), "unknown");
    // The same of lists.
    const releaseList = lb1.hold("ListBackends");
    await clock.advanceAsync(25_000);
    lb1.transit("b0", "down", { atMs: WALL_MS + 30_000 });
    await settle();
    releaseList();
    await settle();
    assert.equal(states(), "down");
    await clock.advanceAsync(1000);
    assert.equal(states(), "down");
  });
});

Deno.test("many touched backends are read by one list, a few one by one", async () => {
  const lb1 = smallMaglevd();
  lb1.backends = Array.from({ length: 100 }, (_, at) => fakeBackend(`b${at}`));
  lb1.frontends = [];
  await onHub({ lb1 }, async ({ clock }) => {
    await clock.advanceAsync(5000);
    const before = { one: lb1.count("GetBackend"), list: lb1.count("ListBackends") };
    for (let at = 0; at < 100; at++) {
      lb1.transit(`b${at}`, "disabled", { atMs: WALL_MS + 5000, code: "disabled" });
    }
    for (let i = 0; i < 20; i++) await settle();
    await clock.advanceAsync(1000);
    assert.equal(lb1.count("ListBackends") - before.list, 1);
    assert.ok(lb1.count("GetBackend") - before.one <= 2);
  });
});

Deno.test("a refresh reports only what changed otherwise than by events", async () => {
  const lb1 = smallMaglevd();
  await onHub({ lb1 }, async ({ clock, take, takeOf }) => {
    await clock.advanceAsync(60_000);
    take();
    await clock.advanceAsync(30_000);
    assert.deepEqual(take().map(({ type }) => type), ["maglevd-status"]);
    // Another duration of the last probe is not worth an event, another intent is.
    lb1.change("b1", {
      intent: {
        ...{ kind: "pause", peer: "", identity: "eve", reason: "r", sinceUnixNs: 0n },
        ...{ untilUnixNs: undefined, backend: "b1", frontend: "", pool: "", weight: 0 },
        fileWeight: 0,
      },
    });
    await clock.advanceAsync(30_000);
    const [changed, ...more] = takeOf("backend");
    assert.equal(changed?.backend.intent?.by, "eve");
    assert.deepEqual(more, []);
    lb1.backends = [fakeBackend("b9"), ...lb1.backends];
    await clock.advanceAsync(30_000);
    const [whole] = takeOf("maglevd-state");
    assert.deepEqual(whole?.state.backends.map(({ name }) => name), ["b9", "b0", "b1", "b2"]);
  });
});

Deno.test("a gap in the stream and a reload make everything be read again", async () => {
  const lb1 = smallMaglevd();
  await onHub({ lb1 }, async ({ clock }) => {
    for (const msg of ["events-dropped", "config-reload"]) {
      await clock.advanceAsync(5000);
      const before = lb1.count("ListFrontends");
      lb1.log(msg);
      await clock.advanceAsync(2000);
      assert.equal(lb1.count("ListFrontends"), before + 1, msg);
    }
    // However often it is reported.
    const before = lb1.count("ListFrontends");
    for (let i = 0; i < 100; i++) {
      lb1.log("events-dropped");
      await clock.advanceAsync(50);
    }
    assert.ok(lb1.count("ListFrontends") - before <= 6);
  });
});

Deno.test("a maglevd that is away: the reason, the time of the next attempt, then everything again", async () => {
  const lb1 = smallMaglevd();
  lb1.isRefused = true;
  await onHub({ lb1, lb2: smallMaglevd() }, async ({ hub, clock, takeOf }) => {
    const status = () => hub.maglevd("lb1", "viewer")!;
    assert.equal(status().connected, false);
    assert.equal(
      status().error,
      "connection refused: no process listens there; is maglevd running?",
    );
    const waitMs = status().retry_at_ms! - WALL_MS;
    assert.ok(waitMs >= 160 && waitMs <= 200, `${waitMs}`);
    assert.equal(hub.maglevd("lb2", "viewer")!.connected, true);
    const [problem] = hub.problems("viewer");
    assert.equal(problem?.maglevd, "lb1");
    assert.equal(problem?.severity, "critical");
    await clock.advanceAsync(20_000);
    const tries = lb1.count("GetVersion");
    assert.ok(tries >= 7 && tries <= 10, `${tries}`);
    assert.equal(status().connection_since_ms, WALL_MS);
    lb1.isRefused = false;
    await clock.advanceAsync(5000);
    assert.equal(status().connected, true);
    assert.equal(status().error, undefined);
    assert.equal(status().retry_at_ms, undefined);
    assert.equal(takeOf("maglevd-state").at(-1)?.maglevd, "lb1");
    // A stream that ends: the lists stay, and the state has the time of the loss.
    lb1.isRefused = true;
    lb1.endStreams();
    await settle();
    assert.equal(status().connected, false);
    assert.equal(status().backends.length, 3);
    assert.equal(status().connection_since_ms, WALL_MS + 25_000);
  });
});

Deno.test("a maglevd that hangs is reported within ten seconds, and harms no other", async () => {
  const maglevds = { lb1: smallMaglevd(), lb2: smallMaglevd() };
  await onHub(maglevds, async ({ hub, clock, takeOf }) => {
    await clock.advanceAsync(1000);
    maglevds.lb1.answer("GetStatus", () => {
      throw new MaglevError("deadline-exceeded", "Deadline exceeded after 4s");
    });
    await clock.advanceAsync(9000);
    const { connected, error } = hub.maglevd("lb1", "viewer")!;
    assert.equal(connected, false);
    assert.equal(error, "no answer within 4s: connected, but the server does not answer");
    maglevds.lb2.transit("b0", "down", { atMs: WALL_MS + 10_000 });
    await settle();
    assert.equal(takeOf("backend").filter(({ maglevd }) => maglevd === "lb2").length, 1);
  });
  const hung = smallMaglevd();
  hung.isHung = true;
  await onHub({ lb1: hung, lb2: smallMaglevd() }, async ({ hub }) => {
    assert.equal(hub.maglevd("lb1", "viewer")!.connected, false);
    assert.equal(hub.maglevd("lb2", "viewer")!.connected, true);
    await Promise.resolve();
  });
});

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
      b0: ["L7STS", false, 2, 2],
      b1: ["L7OK", true, 4, 1],
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

Deno.test("subscribers continue from their position, or get a resync", async () => {
  const lb1 = smallMaglevd();
  await onHub({ lb1 }, async ({ hub, clock }) => {
    await clock.advanceAsync(1000);
    const listen = (since: { epoch: string; seq: number } | undefined) => {
      const got: SentEvent[] = [];
      const end = hub.subscribe({ audience: "viewer", since, listener: (sent) => got.push(sent) });
      return { got, end };
    };
    const since = { epoch: hub.epoch, seq: hub.state("viewer").seq };
    lb1.transit("b0", "down", { atMs: WALL_MS + 1000 });
    await clock.advanceAsync(1000);
    const late = listen(since);
    assert.deepEqual(late.got.map(({ seq }) => seq), [since.seq + 1]);
    assert.match(
      new TextDecoder().decode(late.got[0]!.bytes),
      new RegExp(`^id: ${hub.epoch}-${since.seq + 1}\\nevent: backend\\ndata: {.*}\\n\\n$`),
    );
    assert.deepEqual(listen({ ...since, seq: since.seq + 1 }).got, []);
    assert.deepEqual(listen(undefined).got, []);
    const resynced = (position: { epoch: string; seq: number }) =>
      listen(position).got.map(({ event, seq }) => [event.type, seq]);
    assert.deepEqual(resynced({ epoch: "other", seq: since.seq }), [["resync", undefined]]);
    assert.deepEqual(resynced({ ...since, seq: since.seq + 2 }), [["resync", undefined]]);
    assert.deepEqual(resynced({ ...since, seq: -1 }), [["resync", undefined]]);
    assert.deepEqual(resynced({ ...since, seq: 0.5 }), [["resync", undefined]]);
    await clock.advanceAsync(40_000);
    assert.deepEqual(resynced(since), [["resync", undefined]]);
    const { length } = late.got;
    late.end();
    late.end();
    lb1.transit("b0", "up", { atMs: WALL_MS + 42_000 });
    await settle();
    assert.equal(late.got.length, length);
  });
});

Deno.test("actions carry the login, and answer with the object as it is then", async () => {
  const lb1 = smallMaglevd();
  lb1.answer("DisableBackend", ({ name }) => ({
    ...fakeBackend(name!, { state: "disabled" }),
    warning: "not durable",
  }));
  await onHub({ lb1 }, async ({ hub, clock, take }) => {
    const actions = hub.actions("lb1")!;
    const actor = { user: "eve" };
    await clock.advanceAsync(5000);
    take();
    lb1.change("b0", { carried: true });
    const disable = { kind: "disable", backend: "b0", reason: "r", forMs: 3_600_000 } as const;
    const answer = await actions.act(disable, actor);
    assert.ok(!(answer instanceof MaglevError));
    assert.equal(answer.backend?.state, "disabled");
    assert.equal(answer.warning, "not durable");
    const call = lb1.calls.find(({ method }) => method === "DisableBackend");
    assert.deepEqual(call, {
      method: "DisableBackend",
      request: { name: "b0", reason: "r", end: { $case: "forNs", value: 3_600_000n * MS } },
      user: "eve",
    });
    // It was read again, in case no event reports it.
    await clock.advanceAsync(500);
    assert.ok(hub.maglevd("lb1", "viewer")!.backends.some((backend: Backend) => backend.carried));
    const weight = { frontend: "web", pool: "main", backend: "b0" };
    await actions.setWeight({ ...weight, weight: "file" }, actor);
    const { request } = lb1.calls.find(({ method }) => method.startsWith("SetFrontend"))!;
    assert.deepEqual(request, { ...weight, weight: 0, file: true, reason: "", end: undefined });
    const refused = await actions.act({ kind: "pause", backend: "no" }, actor);
    assert.ok(refused instanceof MaglevError && refused.code === "not-found");
    assert.equal(hub.actions("no such"), undefined);
    lb1.isRefused = true;
    lb1.endStreams();
    await settle();
    const away = await actions.sync({}, actor);
    assert.ok(away instanceof MaglevError && away.code === "unavailable");
    assert.match(away.message, /^lb1 is not connected: the connection ended/);
  });
});

Deno.test("one state is encoded for all who ask, and again when something changed", async () => {
  const lb1 = smallMaglevd();
  await onHub({ lb1 }, async ({ hub, clock }) => {
    const textOf = async (gzip: Uint8Array) =>
      await new Response(
        new Blob([gzip as Uint8Array<ArrayBuffer>]).stream().pipeThrough(
          new DecompressionStream("gzip"),
        ),
      ).text();
    const [first, second] = await Promise.all([
      hub.encodedState("viewer"),
      hub.encodedState("viewer"),
    ]);
    assert.equal(first, second);
    assert.deepEqual(JSON.parse(await textOf(first.gzip)), hub.state("viewer"));
    assert.match(first.etag, /^"[^"]+"$/);
    lb1.transit("b0", "down", { atMs: WALL_MS });
    await settle();
    assert.equal(await hub.encodedState("viewer"), first, "not again within 500 ms");
    await clock.advanceAsync(500);
    const later = await hub.encodedState("viewer");
    assert.notEqual(later.etag, first.etag);
    assert.equal(JSON.parse(await textOf(later.gzip)).maglevds[0].backends[0].state, "down");
    assert.notEqual((await hub.encodedState("operator")).etag, later.etag);
  });
});

Deno.test("a backend's details have its transitions; an unknown one is not found", async () => {
  const lb1 = smallMaglevd();
  await onHub({ lb1 }, async ({ hub }) => {
    const details = await hub.backend("lb1", "b0", "viewer");
    assert.ok(!(details instanceof MaglevError));
    assert.equal(details.backend.name, "b0");
    assert.equal(details.history.strip.length, 60);
    for (const [maglevd, backend] of [["lb1", "b7"], ["lb7", "b0"]] as const) {
      const missing = await hub.backend(maglevd, backend, "viewer");
      assert.ok(missing instanceof MaglevError && missing.code === "not-found");
    }
  });
});
