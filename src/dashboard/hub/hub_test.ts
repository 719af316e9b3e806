/** How a hub follows maglevds: events, answers to what it asks, gaps, and absence. */
import assert from "node:assert/strict";
import { settle } from "../../../tests/support/fakes/fake_clock.ts";
import { fakeBackend, fakeFrontend } from "../../../tests/support/fakes/fake_maglevd.ts";
import { onHub, smallMaglevd } from "../../../tests/support/worlds/hub_world.ts";
import { MaglevError } from "../../base/errors.ts";
import { DrainProgress, Intent } from "../../grpc/gen/maglev.ts";
import { create } from "../../grpc/messages/codec.ts";

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

Deno.test("a reading that fails is repeated soon, not only with the next refresh", async () => {
  const lb1 = smallMaglevd();
  await onHub({ lb1 }, async ({ hub, clock }) => {
    await clock.advanceAsync(5000);
    lb1.answer("GetBackend", () => {
      throw new MaglevError("resource-exhausted", "too many calls");
    });
    lb1.transit("b1", "disabled", { atMs: WALL_MS + 5000, code: "disabled" });
    lb1.change("b1", { carried: true });
    await clock.advanceAsync(1000);
    assert.equal(hub.maglevd("lb1", "viewer")!.backends[1]!.carried, false);
    lb1.answer("GetBackend", ({ name }) => lb1.backends.find((each) => each.name === name)!);
    await clock.advanceAsync(5000);
    assert.equal(hub.maglevd("lb1", "viewer")!.backends[1]!.carried, true);
  });
});

Deno.test("flaps of more than an hour ago are taken back on open pages", async () => {
  const lb1 = smallMaglevd();
  await onHub({ lb1 }, async ({ clock, takeOf }) => {
    await clock.advanceAsync(5000);
    lb1.transit("b0", "down", { atMs: WALL_MS + 5000 });
    lb1.change("b0", { state: "down" });
    await settle();
    assert.equal(takeOf("backend").at(-1)?.backend.flaps, 1);
    await clock.advanceAsync(2 * 3_600_000);
    assert.equal(takeOf("backend").at(-1)?.backend.flaps, 0);
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
    await clock.advanceAsync(2000);
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

Deno.test("effects are read within a second while a browser looks, within two otherwise", async () => {
  const lb1 = smallMaglevd();
  await onHub({ lb1 }, async ({ hub, clock }) => {
    await clock.advanceAsync(5000);
    // The first change is read immediately, and what follows waits.
    const change = async (state: string, count: number) => {
      lb1.transit("b0", state, { atMs: WALL_MS + 5000 + count, code: state });
      await settle();
    };
    await change("paused", 1);
    await change("disabled", 2);
    const before = lb1.count("GetBackend");
    await clock.advanceAsync(1500);
    assert.equal(lb1.count("GetBackend"), before);
    // A browser that begins to look does not wait for the longer time.
    const hide = hub.show("lb1");
    await settle();
    assert.equal(lb1.count("GetBackend"), before + 1);
    await change("paused", 3);
    await clock.advanceAsync(750);
    assert.equal(lb1.count("GetBackend"), before + 2);
    hide();
    await change("disabled", 4);
    await clock.advanceAsync(1900);
    assert.equal(lb1.count("GetBackend"), before + 2);
    await clock.advanceAsync(100);
    assert.equal(lb1.count("GetBackend"), before + 3);
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
    await clock.advanceAsync(2000);
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
        ...{ then: "", fromUnixNs: undefined, id: "", scheduled: false, scope: "" },
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

Deno.test("a drain is read again every five seconds: no event reports whether it can end early", async () => {
  const lb1 = smallMaglevd();
  const intent = create(Intent, { kind: "drain", then: "disable", backend: "b1" });
  const drain = (unwatched: string) => ({ intent, drain: create(DrainProgress, { unwatched }) });
  lb1.change("b1", drain("VPP is not connected"));
  await onHub({ lb1 }, async ({ hub, clock }) => {
    await clock.advanceAsync(1000);
    const unwatched = () =>
      hub.maglevd("lb1", "viewer")!.backends.find(({ name }) => name === "b1")!.drain_unwatched;
    assert.equal(unwatched(), "VPP is not connected");
    const before = lb1.count("GetBackend");
    lb1.change("b1", drain(""));
    await clock.advanceAsync(7000);
    assert.equal(unwatched(), undefined);
    await clock.advanceAsync(10_000);
    assert.ok(lb1.count("GetBackend") - before <= 4);
    lb1.change("b1", { intent: undefined, drain: undefined });
    await clock.advanceAsync(7000);
    const ended = lb1.count("GetBackend");
    await clock.advanceAsync(20_000);
    assert.equal(lb1.count("GetBackend"), ended, "only while it lasts");
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
