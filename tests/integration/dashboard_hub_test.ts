/**
 * The dashboard's hub against real maglevds with a simulated VPP and real probes. Goal: what the hub
 * shows is what the maglevd, its VPP and its operators did, within a second; no secret of a
 * configuration or of an operator is in anything for viewers; and a maglevd that dies, stands still
 * or comes back harms no other.
 */
import assert from "node:assert/strict";
import { MaglevError } from "../../src/base/errors.ts";
import { createHub } from "../../src/dashboard/hub/hub.ts";
import { MAX_ANSWER_BYTES } from "../../src/dashboard/hub/model/bounds.ts";
import { isSamePlan } from "../../src/dashboard/web/model/plan_words.ts";
import type { Audience, Hub, SentEvent } from "../../src/dashboard/ports.ts";
import type { DashboardEvent, MaglevdState } from "../../src/dashboard/protocol.ts";
import { MaglevClient } from "../../src/grpc/client/client.ts";
import { SystemClock } from "../../src/system/system_clock.ts";
import type { Daemon } from "../support/servers/daemon.ts";
import { FRONTENDS, grpcAddress, SERVERS } from "../support/worlds/grpc_stage.ts";
import { onStage, type Stage } from "../support/worlds/stage.ts";

/** Everything is there within a second, on a machine that has other things to do. */
const SOON_MS = 1000;
const PATIENCE_MS = 10_000;

interface Followed {
  readonly hub: Hub;
  readonly sent: Readonly<Record<Audience, readonly SentEvent[]>>;
  /** Waits until `found` returns something; returns it and how long it took. */
  until<T>(found: () => T | undefined | false): Promise<{ value: T; ms: number }>;
  state(name: string): MaglevdState;
  events(): readonly DashboardEvent[];
}

async function following(
  addresses: Readonly<Record<string, string>>,
  fn: (followed: Followed) => Promise<void>,
): Promise<void> {
  const clock = new SystemClock();
  const hub = createHub({
    servers: Object.entries(addresses).map(([name, address]) => ({ name, address })),
    connect: ({ address }) =>
      new MaglevClient({ address, clock, maxAnswerBytes: MAX_ANSWER_BYTES }),
    security: { tls: false, token: false },
    version: "test",
    clock,
    prng: Math.random,
  });
  const sent: Record<Audience, SentEvent[]> = { viewer: [], operator: [] };
  let wake = () => {};
  for (const audience of ["viewer", "operator"] as const) {
    hub.subscribe({
      audience,
      listener: (event) => {
        sent[audience].push(event);
        wake();
      },
    });
  }
  hub.start();
  try {
    await fn({
      hub,
      sent,
      state: (name) => hub.maglevd(name, "operator")!,
      events: () => sent.operator.map(({ event }) => event),
      async until(found) {
        const startMs = performance.now();
        for (;;) {
          const value = found();
          const ms = performance.now() - startMs;
          if (value !== undefined && value !== false) return { value, ms };
          if (ms > PATIENCE_MS) throw new Error(`Not seen within ${PATIENCE_MS} ms: ${found}`);
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, 50);
            wake = () => {
              clearTimeout(timer);
              resolve();
            };
          });
        }
      },
    });
  } finally {
    await hub.stop();
  }
}

async function startedOn(stage: Stage, flags: readonly string[] = []): Promise<Daemon> {
  const daemon = stage.start({ grpcAddr: "127.0.0.1:0", flags: [...flags] });
  for (const name of ["b0", "b1", "b2"]) await daemon.transition(name, "up");
  return daemon;
}

const backendOf = ({ backends }: MaglevdState, name: string) =>
  backends.find((backend) => backend.name === name)!;

Deno.test("the hub shows what a maglevd, its VPP and its operators do, within a second", async () => {
  await onStage(SERVERS, async (stage) => {
    await stage.configure(FRONTENDS, { countersInterval: "1s" });
    const daemon = await startedOn(stage);
    const address = await grpcAddress(daemon);
    await following({ lb1: address }, async ({ hub, state, until, events }) => {
      await until(() => state("lb1").connected && state("lb1").lb !== undefined);
      const lb1 = state("lb1");
      assert.deepEqual(lb1.backends.map(({ name, state }) => `${name} ${state}`), [
        "b0 up",
        "b1 up",
        "b2 up",
      ]);
      assert.deepEqual(lb1.frontends.map(({ name, active_pool }) => `${name} ${active_pool}`), [
        "web main",
        "api main",
      ]);
      assert.equal(lb1.healthchecks[0]!.request, "GET /healthz");
      assert.equal(lb1.vpp.state, "connected");
      assert.equal(lb1.role, "operator");
      assert.ok(Math.abs(lb1.clock_skew_ms ?? 1000) < 500, `${lb1.clock_skew_ms}`);
      assert.equal(lb1.lb!.vips.length, 2);
      await until(() => state("lb1").config_on_disk === "same");
      assert.deepEqual(hub.problems("viewer"), []);

      // A server dies: the transition, the weights, what VPP has.
      const before = events().length;
      await stage.servers[0]!.close();
      await daemon.transition("b0", "down");
      const shown = await until(() => {
        const web = state("lb1").frontends[0]!;
        return backendOf(state("lb1"), "b0").state === "down" &&
          web.pools[0]!.backends[0]!.effective_weight === 0;
      });
      assert.ok(shown.ms < SOON_MS, `${shown.ms} ms`);
      const transition = events().slice(before).find((event) =>
        event.type === "backend" && event.backend.name === "b0" && event.transition !== undefined
      );
      assert.ok(transition?.type === "backend" && transition.transition?.result?.code === "L4CON");
      await until(() =>
        state("lb1").lb!.vips[0]!.servers.find((server) => server.address === SERVERS[0])
          ?.weight === 0
      );
      assert.deepEqual(hub.problems("viewer").map(({ kind, name }) => `${kind} ${name}`), [
        "backend b0",
      ]);

      // Probes, only while a browser shows the maglevd; then effects are seen within a second.
      assert.ok(!events().some(({ type }) => type === "probes"));
      const hide = hub.show("lb1");

      // An operator acts elsewhere, and by this hub.
      using stack = new DisposableStack();
      const client = stack.adopt(
        new MaglevClient({ address, clock: new SystemClock() }),
        (client) => client.close(),
      );
      const place = { frontend: "web", pool: "main", backend: "b1" };
      await client.call("SetFrontendPoolBackendWeight", { ...place, weight: 7, reason: "less" });
      const weighed = await until(() => {
        const b1 = state("lb1").frontends[0]!.pools[0]!.backends[1]!;
        return b1.weight === 7 && b1.intent?.file_weight === 50 && b1.intent;
      });
      assert.ok(weighed.ms < SOON_MS, `${weighed.ms} ms`);
      assert.equal(weighed.value.reason, "less");
      await client.call("DisableBackend", {
        ...{ name: "b0", reason: "new disk", begin: { $case: "inNs", value: 3_600_000_000_000n } },
      });
      const toBe = await until(() => backendOf(state("lb1"), "b0").scheduled?.[0]);
      assert.ok(toBe.ms < SOON_MS, `${toBe.ms} ms`);
      const { kind, reason, from_ms = 0 } = toBe.value;
      assert.deepEqual([kind, reason], ["disable", "new disk"]);
      assert.ok(Math.abs(from_ms - Date.now() - 3_600_000) < 20_000);
      const actions = hub.actions("lb1")!;
      const takeBack = () => actions.cancel({ id: toBe.value.id! }, { user: "eve" });
      assert.deepEqual(await takeBack(), { ok: true });
      const gone = await until(() => backendOf(state("lb1"), "b0").scheduled === undefined);
      assert.ok(gone.ms < SOON_MS, `${gone.ms} ms`);
      const again = await takeBack();
      assert.ok(again instanceof MaglevError && again.code === "not-found");
      const planned = await actions.plan({ kind: "disable", backend: "b1" }, { user: "eve" });
      assert.ok(!(planned instanceof MaglevError));
      assert.deepEqual(planned.states, [{ backend: "b1", from: "up", to: "disabled" }]);
      assert.deepEqual(planned.vips.map(({ frontend }) => frontend), ["web", "api"]);
      assert.equal(planned.command, `maglevc --server ${address} set backend b1 disable`);
      // The page plans again before it acts.
      const replanned = await actions.plan({ kind: "disable", backend: "b1" }, { user: "eve" });
      assert.ok(!(replanned instanceof MaglevError) && isSamePlan(planned, replanned));
      const acted = await actions.act(
        { kind: "disable", backend: "b1", reason: "by eve", forMs: 60_000 },
        { user: "eve" },
      );
      assert.ok(!(acted instanceof MaglevError));
      assert.equal(acted.backend?.state, "disabled");
      const disabled = await until(() => {
        const lb1 = state("lb1");
        return backendOf(lb1, "b1").intent?.reason === "by eve" &&
          lb1.frontends[0]!.active_pool === "spare" && lb1.frontends[1]!.state === "down";
      });
      assert.ok(disabled.ms < SOON_MS, `${disabled.ms} ms`);
      assert.match(backendOf(state("lb1"), "b1").intent!.by!, /eve \(unverified\)/);
      const refused = await actions.act({ kind: "pause", backend: "b1" }, { user: "eve" });
      assert.ok(refused instanceof MaglevError && refused.code === "failed-precondition");
      const synced = await actions.sync({ frontend: "web" }, { user: "eve" });
      assert.ok(!(synced instanceof MaglevError) && synced.sync?.failed === 0);
      const details = await hub.backend("lb1", "b1", "viewer");
      assert.ok(!(details instanceof MaglevError));
      assert.deepEqual(details.transitions.at(-1)?.to, "disabled");
      assert.equal(details.backend.intent?.by, undefined);

      // Why it takes no traffic, and what happened; another run of the dashboard knows it, too.
      const why = await hub.explainBackend("lb1", "b1", "operator");
      assert.ok(!(why instanceof MaglevError));
      const intent = why.links.find(({ kind }) => kind === "intent")!;
      assert.match(intent.text, /^disabled by an operator until .*: by eve$/);
      assert.match(intent.by!, /eve \(unverified\)/);
      const inWeb = why.places.find(({ frontend }) => frontend === "web")!;
      assert.deepEqual([inWeb.pool, inWeb.vpp_weight, inWeb.difference], ["main", 0, ""]);
      assert.deepEqual(inWeb.links.filter(({ decides }) => decides).map(({ kind }) => kind), [
        "weight",
        "state",
      ]);
      const whole = await hub.explainFrontend("lb1", "web", "viewer");
      assert.ok(!(whole instanceof MaglevError));
      assert.deepEqual(whole.servers.map(({ backend, vpp_weight }) => [backend, vpp_weight]), [
        ["b0", 0],
        ["b1", 0],
        ["b2", 70],
      ]);
      await following({ again: address }, async ({ hub, state, until }) => {
        await until(() => state("again").connected);
        const page = await hub.timeline("again", { backend: "b1" }, "viewer");
        assert.ok(!(page instanceof MaglevError));
        const events = page.records.map(({ event, attributes: { to, method } }) =>
          [event, to ?? method].join(" ")
        );
        assert.deepEqual(events.slice(0, 3).sort(), [
          "backend-transition disabled",
          "operator-action DisableBackend",
          // It was refused.
          "operator-action PauseBackend",
        ]);
        assert.equal(events.at(-1), "backend-transition up");
        const older = { backend: "b1", before: page.records[0]!.id };
        const rest = await hub.timeline("again", older, "viewer");
        assert.deepEqual(rest, { ...page, records: page.records.slice(1) });
      });

      const probes = await until(() =>
        events().findLast((event) =>
          event.type === "probes" && event.probes.b2?.[0] === "L7OK" &&
          event.probes.b0?.[0] === "L4CON"
        )
      );
      assert.ok(probes.value.type === "probes" && probes.value.probes.b0?.[1] === false);
      await until(() => events().find(({ type }) => type === "rates"));
      hide();
      const { backends, vips } = hub.history("lb1")!;
      assert.match(backends.b0!.strip, /d$/);
      assert.ok(backends.b2!.results.length > 0);
      assert.equal(Object.keys(vips).length, 2);

      // The file changes, then it is reloaded.
      const { api, web } = FRONTENDS;
      await stage.configure({ api, web, third: { address: "192.0.2.3", pools: web.pools } });
      await client.call("ReloadConfig");
      const reloaded = await until(() =>
        state("lb1").frontends.map(({ name }) => name).join() === "api,web,third"
      );
      assert.ok(reloaded.ms < 2 * SOON_MS, `${reloaded.ms} ms`);

      // VPP goes.
      await stage.simulator.stop();
      await until(() => state("lb1").vpp.state === "connecting");
      assert.ok(hub.problems("viewer").some(({ kind }) => kind === "vpp"));
    });
  });
});

Deno.test("of three maglevds one dies and one stands still: the third is shown as before", async () => {
  await onStage(SERVERS, async (stage) => {
    await stage.configure(FRONTENDS);
    const daemons = await Promise.all([1, 2, 3].map(() => startedOn(stage)));
    const addresses = await Promise.all(daemons.map(grpcAddress));
    const [dying, standing] = daemons as [Daemon, Daemon];
    const named = Object.fromEntries(addresses.map((address, at) => [`lb${at + 1}`, address]));
    await following(named, async ({ hub, state, until }) => {
      await until(() => ["lb1", "lb2", "lb3"].every((name) => state(name).connected));
      dying.process.signal("SIGKILL");
      standing.process.signal("SIGSTOP");
      await until(() => !state("lb1").connected);
      assert.match(state("lb1").error!, /^(the connection ended|connection refused)/);
      await stage.servers[0]!.close();
      const shown = await until(() => backendOf(state("lb3"), "b0").state === "down");
      assert.ok(shown.ms < 2 * SOON_MS, `${shown.ms} ms`);
      await until(() => !state("lb2").connected);
      assert.match(
        state("lb2").error!,
        /^no answer within 4s: connected, but the server does not answer/,
      );
      assert.equal(backendOf(state("lb2"), "b0").state, "up", "as it was known last");
      assert.deepEqual(
        hub.problems("viewer").filter(({ severity }) => severity === "critical")
          .map(({ maglevd, kind }) => `${maglevd} ${kind}`),
        ["lb1 maglevd", "lb2 maglevd"],
      );
      standing.process.signal("SIGCONT");
      await until(() => state("lb2").connected && backendOf(state("lb2"), "b0").state === "down");
    });
  });
});

Deno.test("no secret of a configuration or of an operator reaches what viewers get", async () => {
  await onStage(SERVERS, async (stage) => {
    await stage.configure(FRONTENDS);
    const config = await Deno.readTextFile(stage.configPath);
    const check = [
      "    secret:",
      "      type: http",
      "      port: 9",
      "      params:",
      "        path: /healthz?key=SECRET-query",
      "        method: POST",
      "        headers: { Authorization: Bearer SECRET-header }",
      "        body: SECRET-body",
      "  backends:",
    ];
    await Deno.writeTextFile(
      stage.configPath,
      config.replace("  backends:", check.join("\n")),
    );
    const daemon = await startedOn(stage);
    const address = await grpcAddress(daemon);
    await following({ lb1: address }, async ({ hub, sent, state, until, events }) => {
      await until(() => state("lb1").connected);
      const actions = hub.actions("lb1")!;
      const actor = { user: "SECRET-login" };
      await actions.act({ kind: "pause", backend: "b0", reason: "open words" }, actor);
      await actions.setWeight(
        { frontend: "web", pool: "main", backend: "b1", weight: 3, reason: "open words" },
        actor,
      );
      await until(() =>
        backendOf(state("lb1"), "b0").intent !== undefined &&
        state("lb1").frontends[0]!.pools[0]!.backends[1]!.intent !== undefined &&
        events().some((event) => event.type === "log" && event.msg === "operator-action")
      );
      const { gzip } = await hub.encodedState("viewer");
      const stateText = new Response(
        new Blob([gzip as Uint8Array<ArrayBuffer>]).stream().pipeThrough(
          new DecompressionStream("gzip"),
        ),
      );
      const decoder = new TextDecoder();
      const forViewers = [
        await stateText.text(),
        ...sent.viewer.map(({ bytes, event }) => decoder.decode(bytes) + JSON.stringify(event)),
        JSON.stringify(hub.state("viewer")),
        JSON.stringify(hub.maglevd("lb1", "viewer")),
        JSON.stringify(hub.problems("viewer")),
        JSON.stringify(hub.history("lb1")),
        JSON.stringify(await hub.backend("lb1", "b0", "viewer")),
        ...await Promise.all([
          hub.explainBackend("lb1", "b0", "viewer"),
          hub.explainBackend("lb1", "b1", "viewer"),
          hub.explainFrontend("lb1", "web", "viewer"),
          hub.timeline("lb1", {}, "viewer"),
        ]).then((answers) => answers.map((answer) => JSON.stringify(answer))),
      ].join("\n");
      assert.ok(forViewers.includes("open words"), "what is no secret is there");
      assert.deepEqual(/.{80}SECRET.{80}/s.exec(forViewers)?.[0], undefined);
      assert.ok(!/"(peer|identity|by)":/.test(forViewers));
      const forOperators = sent.operator.map(({ bytes }) => decoder.decode(bytes)).join("\n");
      assert.ok(forOperators.includes("SECRET-login"), "operators see each other");
      for (const secret of ["SECRET-header", "SECRET-body", "SECRET-query"]) {
        assert.ok(!forOperators.includes(secret), `${secret} leaves for nobody`);
      }
    });
  });
});
