/** What browsers ask a hub for: events from a position on, actions, states, details. */
import assert from "node:assert/strict";
import { FakeClock, settle } from "../../../tests/support/fakes/fake_clock.ts";
import { fakeBackend, MS } from "../../../tests/support/fakes/fake_maglevd.ts";
import { wall } from "../../../tests/support/fakes/instants.ts";
import { onHub, smallMaglevd } from "../../../tests/support/worlds/hub_world.ts";
import { MaglevError } from "../../base/errors.ts";
import { Intent } from "../../grpc/gen/maglev.ts";
import { create } from "../../grpc/messages/codec.ts";
import type { SentEvent } from "../ports.ts";
import type { Backend } from "../protocol.ts";
import { DETAILS_PER_S } from "./model/bounds.ts";
import { EventBus } from "./event_bus.ts";

/** The fake clock's wall time at its start. */
const WALL_MS = 1_700_000_000_000;

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
    assert.deepEqual(resynced({ epoch: "other", seq: since.seq }), [[
      "resync",
      hub.state("viewer").seq,
    ]]);
    assert.deepEqual(resynced({ ...since, seq: since.seq + 2 }), [[
      "resync",
      hub.state("viewer").seq,
    ]]);
    assert.deepEqual(resynced({ ...since, seq: -1 }), [["resync", hub.state("viewer").seq]]);
    assert.deepEqual(resynced({ ...since, seq: 0.5 }), [["resync", hub.state("viewer").seq]]);
    await clock.advanceAsync(40_000);
    assert.deepEqual(resynced(since), [["resync", hub.state("viewer").seq]]);
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
    lb1.answer("DrainBackend", ({ name }) => fakeBackend(name!));
    const drained = await actions.drain({ backend: "b1", forMs: 60_000, then: "pause" }, actor);
    assert.ok(!(drained instanceof MaglevError) && drained.backend?.name === "b1");
    assert.deepEqual(lb1.calls.find(({ method }) => method === "DrainBackend"), {
      method: "DrainBackend",
      request: { name: "b1", reason: "", forNs: 60_000n * MS, then: "pause", force: false },
      user: "eve",
    });
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

Deno.test("an intent to come is taken back by its id, and its backend is read again", async () => {
  const lb1 = smallMaglevd();
  lb1.answer("CancelIntent", ({ id = "" }) => ({
    intent: create(Intent, { id: id === "8" ? "9" : id, kind: "disable", backend: "b1" }),
    warning: "not durable",
  }));
  await onHub({ lb1 }, async ({ hub, clock }) => {
    const actions = hub.actions("lb1")!;
    await clock.advanceAsync(5000);
    const before = lb1.count("GetBackend");
    const answer = await actions.cancel({ id: "7", reason: "r" }, { user: "eve" });
    assert.deepEqual(answer, { ok: true, warning: "not durable" });
    assert.deepEqual(lb1.calls.find(({ method }) => method === "CancelIntent"), {
      ...{ method: "CancelIntent", request: { id: "7", reason: "r" }, user: "eve" },
    });
    await clock.advanceAsync(500);
    assert.equal(lb1.count("GetBackend"), before + 1);
    const wrong = await actions.cancel({ id: "8" }, { user: "eve" });
    assert.ok(wrong instanceof MaglevError && /about "9"/.test(wrong.message));
  });
});

Deno.test("after an action without an answer its target is read again, after a refusal it is not", async () => {
  const lb1 = smallMaglevd();
  await onHub({ lb1 }, async ({ hub, clock }) => {
    const actions = hub.actions("lb1")!;
    await clock.advanceAsync(5000);
    const reads = () =>
      lb1.calls.filter(({ method, request }) =>
        method === "GetBackend" && (request as { name: string }).name === "b0"
      ).length;
    const drain = async (code: "deadline-exceeded" | "failed-precondition") => {
      lb1.answer("DrainBackend", () => {
        throw new MaglevError(code, "because");
      });
      const before = reads();
      const answer = await actions.drain({ backend: "b0" }, { user: "eve" });
      assert.ok(answer instanceof MaglevError && answer.code === code);
      await clock.advanceAsync(500);
      return reads() - before;
    };
    assert.equal(await drain("failed-precondition"), 0);
    assert.equal(await drain("deadline-exceeded"), 1);
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

Deno.test("browsers cause a bounded number of calls for details, and none for unknown names", async () => {
  const lb1 = smallMaglevd();
  await onHub({ lb1, lb2: smallMaglevd() }, async ({ hub, clock }) => {
    await clock.advanceAsync(1000);
    const before = lb1.count("GetBackend");
    const ask = async (backend: string) => {
      const details = await hub.backend("lb1", backend, "viewer");
      return details instanceof MaglevError ? details.code : "ok";
    };
    for (let n = 0; n < 1000; n++) assert.equal(await ask(`ghost${n}`), "not-found");
    assert.equal(lb1.count("GetBackend"), before);
    const codes: string[] = [];
    for (let n = 0; n < 1000; n++) codes.push(await ask("b0"));
    const { burst, rate } = DETAILS_PER_S;
    assert.equal(codes.indexOf("resource-exhausted"), burst);
    assert.equal(lb1.count("GetBackend") - before, burst);
    assert.ok(!(await hub.backend("lb2", "b0", "viewer") instanceof MaglevError));
    await clock.advanceAsync(1000);
    for (let n = 0; n < rate; n++) assert.equal(await ask("b0"), "ok");
    assert.equal(await ask("b0"), "resource-exhausted");
  });
});

Deno.test("viewers take no details from operators", async () => {
  const lb1 = smallMaglevd();
  await onHub({ lb1 }, async ({ hub, clock }) => {
    await clock.advanceAsync(1000);
    const ask = async (audience: "viewer" | "operator") => {
      const details = await hub.backend("lb1", "b0", audience);
      return details instanceof MaglevError ? details.code : "ok";
    };
    for (let n = 0; n < DETAILS_PER_S.burst; n++) assert.equal(await ask("viewer"), "ok");
    assert.equal(await ask("viewer"), "resource-exhausted");
    assert.equal(await ask("operator"), "ok");
    await clock.advanceAsync(10_000);
    const release = lb1.hold("GetBackend");
    const asked = Array.from({ length: 60 }, () => ask("viewer"));
    const operators = ask("operator");
    release();
    await Promise.all(asked);
    assert.equal(await operators, "ok");
  });
});

Deno.test("more than a stream takes at once is not replayed: the client loads the state", async () => {
  const bus = new EventBus({ epoch: "e", clock: new FakeClock() });
  const log = (size: number) =>
    bus.emit({
      ...{ type: "log", maglevd: "lb1", t_ms: 0, level: "info", time: "", msg: "m" },
      attributes: { reason: "x".repeat(size) },
    });
  for (let n = 0; n < 5; n++) log(500_000);
  const since = (seq: number) => {
    const types: string[] = [];
    bus.subscribe({
      audience: "viewer",
      since: { epoch: "e", seq },
      listener: ({ event }) => types.push(event.type),
    });
    return types;
  };
  assert.deepEqual(since(0), ["resync"]);
  assert.deepEqual(since(1), ["log", "log", "log", "log"]);
  bus.close();
  await settle();
});

Deno.test("when the dashboard's clock is set, clients load the state, which has the new time", async () => {
  const fake = new FakeClock();
  let aheadMs = 0;
  const clock = {
    monotonicMs: () => fake.monotonicMs(),
    wallMs: () => wall(fake.wallMs() + aheadMs),
    after: (ms: number, fn: () => void) => fake.after(ms, fn),
  };
  const bus = new EventBus({ epoch: "e", clock });
  const types: string[] = [];
  bus.subscribe({ audience: "viewer", listener: ({ event }) => types.push(event.type) });
  const emit = () => bus.emit({ type: "vpp-api", maglevd: "lb1", t_ms: 0, calls: 0, failed: 0 });
  for (const stepMs of [0, 999, 3_600_000, -7_200_000]) {
    aheadMs += stepMs;
    emit();
    await fake.advanceAsync(10_000);
    const resyncs = types.splice(0).filter((type) => type === "resync").length;
    assert.equal(resyncs, Math.abs(stepMs) > 1000 ? 1 : 0, `${stepMs} ms`);
  }
  bus.close();
});
