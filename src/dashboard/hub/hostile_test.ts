/**
 * Maglevds that flood, lie and use odd names. Goal: the hub keeps and sends a bounded amount, reports
 * what is left out, and shows another maglevd as if nothing were wrong.
 */
import assert from "node:assert/strict";
import { settle } from "../../../tests/support/fakes/fake_clock.ts";
import { fakeBackend, fakeFrontend, MS } from "../../../tests/support/fakes/fake_maglevd.ts";
import { onHub, smallMaglevd } from "../../../tests/support/worlds/hub_world.ts";
import { MaglevError } from "../../base/errors.ts";
import { MAX_BACKENDS, MAX_FRONTENDS } from "./model/bounds.ts";

const WALL_MS = 1_700_000_000_000;

/** As many turns of the event loop's microtasks as a long queue of events needs. */
async function drain(): Promise<void> {
  for (let i = 0; i < 3000; i++) await settle();
}

Deno.test("a flood of log records: a bounded number is sent on, the rest is counted", async () => {
  const maglevds = { lb1: smallMaglevd(), lb2: smallMaglevd() };
  await onHub(maglevds, async ({ clock, takeOf }) => {
    await clock.advanceAsync(1000);
    takeOf("log");
    for (let i = 0; i < 20_000; i++) maglevds.lb1.log("vpp-platform", { i: String(i) });
    await drain();
    await clock.advanceAsync(1000);
    const logs = takeOf("log");
    const sent = logs.filter(({ msg }) => msg === "vpp-platform").length;
    assert.ok(sent >= 300 && sent <= 360, `${sent}`);
    const dropped = logs.filter(({ msg }) => msg === "events-dropped");
    const count = dropped.reduce((sum, { attributes }) => sum + Number(attributes.count), 0);
    assert.equal(sent + count, 20_000);
    maglevds.lb2.transit("b0", "down", { atMs: WALL_MS + 2000 });
    await settle();
    assert.equal(takeOf("backend").length, 1);
  });
});

Deno.test("events above the rate are not read: they stay with the sender", async () => {
  const lb1 = smallMaglevd();
  await onHub({ lb1 }, async ({ clock }) => {
    await clock.advanceAsync(1000);
    for (let i = 0; i < 40_000; i++) lb1.log("vpp-platform");
    await drain();
    // The burst, and then a thousand a second.
    assert.ok(lb1.unread >= 14_000 && lb1.unread <= 15_000, `${lb1.unread}`);
    await clock.advanceAsync(2000);
    assert.ok(lb1.unread >= 11_000 && lb1.unread <= 13_000, `${lb1.unread}`);
  });
});

Deno.test("backends that change without end are sent combined, with their last state", async () => {
  const lb1 = smallMaglevd();
  lb1.backends = Array.from({ length: 50 }, (_, at) => fakeBackend(`b${at}`));
  await onHub({ lb1 }, async ({ clock, takeOf, hub }) => {
    await clock.advanceAsync(1000);
    takeOf("backend");
    for (let i = 0; i < 10_000; i++) {
      lb1.transit(`b${i % 50}`, i % 100 < 50 ? "down" : "up", { atMs: WALL_MS + 1000 + i });
    }
    await drain();
    await clock.advanceAsync(5000);
    const events = takeOf("backend");
    assert.ok(events.length <= 3500, `${events.length}`);
    const last = new Map(events.map(({ backend }) => [backend.name, backend]));
    for (const backend of hub.maglevd("lb1", "operator")!.backends) {
      assert.equal(last.get(backend.name)?.state, backend.state, backend.name);
      assert.equal(backend.state, lb1.backends.find(({ name }) => name === backend.name)!.state);
      assert.ok(backend.flaps >= 100, `${backend.flaps}`);
    }
  });
});

Deno.test("overlong lists are cut, a name is used once, and problems report it", async () => {
  const lb1 = smallMaglevd();
  const long = "n".repeat(129);
  lb1.backends = [
    ...Array.from({ length: MAX_BACKENDS - 3 }, (_, at) => fakeBackend(`b${at}`)),
    ...["b0", long, "", "x", "y"].map((name) => fakeBackend(name)),
  ];
  lb1.frontends = Array.from({ length: MAX_FRONTENDS + 7 }, (_, at) => fakeFrontend(`f${at}`, {}));
  await onHub({ lb1, lb2: smallMaglevd() }, async ({ hub, clock }) => {
    await clock.advanceAsync(0);
    const { backends, frontends, connected } = hub.maglevd("lb1", "viewer")!;
    assert.equal(connected, true);
    assert.equal(backends.length, MAX_BACKENDS - 3);
    assert.equal(frontends.length, MAX_FRONTENDS);
    assert.deepEqual(
      hub.problems("viewer").filter(({ kind }) => kind === "maglevd").map(({ message }) => message),
      [
        "5 of its 20002 backends are left out: too many, or with an unusable name",
        "7 of its 5007 frontends are left out: too many, or with an unusable name",
      ],
    );
    assert.equal(hub.maglevd("lb2", "viewer")!.backends.length, 3);
  });
});

Deno.test("an answer that is larger than the connection takes is a reason to be away", async () => {
  const lb1 = smallMaglevd();
  lb1.answer("ListBackends", () => {
    const message = "Received message larger than max (40000000 vs 16777216)";
    throw new MaglevError("resource-exhausted", message);
  });
  await onHub({ lb1 }, async ({ hub, clock }) => {
    await clock.advanceAsync(1000);
    const { connected, error } = hub.maglevd("lb1", "viewer")!;
    assert.equal(connected, false);
    assert.equal(error, "cannot read the answer: need at most 16777216 bytes, have 40000000");
    assert.deepEqual(hub.problems("viewer").map(({ message }) => message), [
      `not connected: ${error}`,
    ]);
  });
});

Deno.test("names of any characters stay one line of an event, and messages escape them", async () => {
  const odd = [
    "a\nb",
    "\r\n\r\ndata: x",
    "\u202Egpj.exe",
    "</script>",
    "\u0000\u001b[2J",
    "\ud800",
  ];
  const lb1 = smallMaglevd();
  lb1.backends = odd.map((name) => fakeBackend(name, { state: "down", address: name }));
  lb1.frontends = [fakeFrontend("\u202Eweb", { "\n": { "a\nb": 1 } }, { description: "\n\n" })];
  await onHub({ lb1 }, async ({ hub, sent, clock }) => {
    lb1.log("x\n\nevent: resync", { "k\n": "v\n\ndata: {}" });
    await clock.advanceAsync(1000);
    for (const { bytes } of sent.viewer) {
      const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
      assert.match(text, /^(id: [\w-]+\n)?event: [a-z-]+\ndata: [^\r\n]*\n\n$/);
    }
    const names = hub.maglevd("lb1", "viewer")!.backends.map(({ name }) => name);
    assert.deepEqual(names, odd);
    for (const { message } of hub.problems("viewer")) {
      // deno-lint-ignore no-control-regex -- these are what must not be there
      assert.ok(!/[\u0000-\u001f\u202e]/.test(message), JSON.stringify(message));
    }
  });
});

Deno.test("times of 1970, of the far future and events that contradict each other", async () => {
  const lb1 = smallMaglevd();
  lb1.change("b0", { sinceUnixNs: -1n, certificateExpiryUnixNs: 1n });
  lb1.change("b1", { sinceUnixNs: 2n ** 63n - 1n });
  await onHub({ lb1 }, async ({ hub, clock, takeOf }) => {
    await clock.advanceAsync(5000);
    takeOf("backend");
    // From a state it is not in, in the past, and of a backend that there never was.
    for (
      const [name, from, to, atUnixNs] of [
        ["b0", "disabled", "down", 0n],
        ["b0", "up", "nonsense", 5n * MS],
        ["b1", "down", "up", 1n],
        ["ghost", "up", "down", 1n],
      ] as const
    ) {
      const result = { ok: false, layer: "L4", code: "L4CON", detail: "", durationNs: -1n };
      lb1.push({
        $case: "backend",
        value: { name, transition: { from, to, atUnixNs, result } },
      });
    }
    lb1.push({ $case: "backend", value: { name: "b0", transition: undefined } });
    lb1.push(undefined);
    lb1.log("any", {}, { time: "not a time", level: "fatal" });
    await clock.advanceAsync(2000);
    const { backends, clock_skew_ms } = hub.maglevd("lb1", "viewer")!;
    assert.deepEqual(backends.map(({ name, state }) => `${name} ${state}`), [
      "b0 up",
      "b1 up",
      "b2 up",
    ]);
    await clock.advanceAsync(20_000);
    assert.ok(clock_skew_ms === undefined || Number.isFinite(clock_skew_ms));
    const { backends: histories } = hub.history("lb1")!;
    assert.ok(Object.values(histories).every(({ strip }) => strip.length === 60));
    JSON.stringify(hub.problems("viewer"));
  });
});

Deno.test("an answer about another object than the call's is an error, and changes nothing", async () => {
  const lb1 = smallMaglevd();
  const other = fakeBackend("b2", { state: "down" });
  lb1.answer("GetBackend", () => other);
  lb1.answer("DisableBackend", () => other);
  lb1.answer("SetFrontendPoolBackendWeight", () => fakeFrontend("api", {}));
  await onHub({ lb1 }, async ({ hub, clock }) => {
    await clock.advanceAsync(1000);
    const before = JSON.stringify(hub.maglevd("lb1", "operator")!.backends);
    const actions = hub.actions("lb1")!;
    const actor = { user: "eve" };
    const place = { frontend: "web", pool: "main", backend: "b0" };
    const answers = [
      hub.backend("lb1", "b0", "viewer"),
      actions.act({ kind: "disable", backend: "b0" }, actor),
      actions.setWeight({ ...place, weight: 1 }, actor),
    ];
    for (const answer of await Promise.all<unknown>(answers)) {
      assert.ok(answer instanceof MaglevError && answer.code === "internal", String(answer));
      assert.match(answer.message, /^the answer is about "(b2|api)"$/);
    }
    await clock.advanceAsync(3000);
    assert.equal(JSON.stringify(hub.maglevd("lb1", "operator")!.backends), before);
  });
});

Deno.test("a clock that is off is known from its events, and used for ages", async () => {
  const lb1 = smallMaglevd();
  await onHub({ lb1 }, async ({ hub, clock }) => {
    await clock.advanceAsync(1000);
    // Ninety seconds ahead.
    const atUnixNs = BigInt(WALL_MS + 91_000) * MS;
    lb1.push({
      $case: "frontend",
      value: { name: "web", transition: { from: "up", to: "up", atUnixNs } },
    });
    lb1.transit("b0", "down", { atMs: WALL_MS + 91_000 });
    await clock.advanceAsync(15_000);
    assert.equal(hub.maglevd("lb1", "viewer")!.clock_skew_ms, 90_000);
    assert.ok(
      hub.problems("viewer").some(({ kind, message }) =>
        kind === "clock" && message === "its clock is 1m30s ahead of the dashboard's"
      ),
    );
    assert.match(hub.history("lb1")!.backends.b0!.strip, /[.u]d{2,3}$/);
  });
});

Deno.test("a state too large for an event makes clients load it again, not too often", async () => {
  const lb1 = smallMaglevd();
  const many = (suffix: string) =>
    Array.from({ length: 10_000 }, (_, at) => fakeBackend(`backend-${at}${suffix}`));
  lb1.backends = many("");
  await onHub({ lb1 }, async ({ hub, clock, sent, take }) => {
    await clock.advanceAsync(1000);
    const since = { epoch: hub.epoch, seq: 1 };
    const got: string[] = [];
    hub.subscribe({ audience: "viewer", since, listener: ({ event }) => got.push(event.type) });
    assert.deepEqual(got, ["resync"]);
    take();
    for (let round = 0; round < 20; round++) {
      lb1.backends = many(`-${round}`);
      lb1.log("config-reload");
      await clock.advanceAsync(1000);
    }
    const resyncs = take().filter(({ type }) => type === "resync").length;
    assert.ok(resyncs >= 3 && resyncs <= 5, `${resyncs}`);
    assert.ok(sent.viewer.every(({ bytes }) => bytes.length <= 1024 * 1024));
    assert.match(hub.maglevd("lb1", "viewer")!.backends[0]!.name, /-19$/);
  });
});
