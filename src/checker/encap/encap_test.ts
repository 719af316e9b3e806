/** Checks through VPP's tunnel beside those of backends: what they lower, where, and for how long. */
import assert from "node:assert/strict";
import {
  setUp,
  type SetUpOptions,
  THREE,
  WHO,
} from "../../../tests/support/worlds/checker_fixture.ts";
import { FAIL, PASS } from "../../../tests/support/fakes/fake_probe_engine.ts";
import { type SmallConfig, smallConfig } from "../../../tests/support/fakes/small_config.ts";
import type { ProbeResult } from "../../health/state.ts";
import { encapKey } from "./pairs.ts";

const DEAF: ProbeResult = {
  ...FAIL,
  layer: "L3",
  code: "L3ENCAP",
  detail: "no answer through the tunnel",
};

/** THREE, with `encap` in its frontend `web`. */
function config(
  mode: "off" | "warn" | "on" = "on",
  { web = {}, ...rest }: Partial<SmallConfig> & {
    readonly web?: Partial<SmallConfig["frontends"][string]>;
  } = {},
) {
  const encap = mode === "off" ? undefined : mode;
  const frontends = { ...THREE.frontends, web: { ...THREE.frontends["web"]!, encap, ...web } };
  return smallConfig({ ...THREE, frontends, ...rest });
}

/** All backends up. */
function healthy(from = config(), options: SetUpOptions = {}) {
  const all = setUp(from, options);
  all.checker.start();
  all.engine.report({ a: PASS, b: PASS, c: PASS });
  all.news();
  return {
    ...all,
    /** So many results of backends through the tunnel of `web`. */
    tunnel(result: ProbeResult, ...backends: readonly string[]) {
      const times = result.ok ? 2 : 3;
      for (let i = 0; i < times; i++) {
        all.engine.report(
          Object.fromEntries(backends.map((name) => [encapKey("web", name), result])),
        );
      }
    },
    servers: (name: string) =>
      all.checker.snapshot().frontends.get(name)!.servers
        .map(({ weight, flush }) => `${weight}${flush ? " flushed" : ""}`),
    tunnels: () => [...all.engine.running.keys()].filter((name) => name.includes("encap")),
  };
}

Deno.test("a pair is probed with the packet of its frontend, at the pace of its backend's check", () => {
  const { engine, tunnels } = healthy();
  assert.deepEqual(tunnels(), ["a", "b", "c"].map((name) => encapKey("web", name)));
  const { healthcheck, address } = engine.running.get(encapKey("web", "b"))!;
  const plain = engine.running.get("b")!;
  assert.deepEqual({ ...healthcheck, params: plain.healthcheck.params }, plain.healthcheck);
  assert.equal(address.text, plain.address.text);
  const { params } = healthcheck;
  assert.ok(params.type === "encap");
  const { vip, vipPort, tunnelSource } = params;
  assert.deepEqual([vip.text, vipPort, tunnelSource.text], ["192.0.2.1", 80, "203.0.113.9"]);
});

Deno.test("a check of type icmp sends an echo, whatever the port of the VIP", () => {
  const { engine } = healthy(config("on", { healthchecks: { tcp: { params: { type: "icmp" } } } }));
  const { params } = engine.running.get(encapKey("web", "a"))!.healthcheck;
  assert.ok(params.type === "encap");
  assert.equal(params.vipPort, 0);
});

Deno.test("a failure takes the server out of that frontend alone, with a flush, and a pass brings it back", () => {
  const { tunnel, servers, news, stateOf, logger, engine } = healthy();
  engine.report({ [encapKey("web", "b")]: PASS });
  engine.report({ [encapKey("web", "b")]: DEAF });
  engine.report({ [encapKey("web", "b")]: DEAF });
  assert.deepEqual([servers("web"), news()], [["100", "50", "0"], []], "not before `fall`");
  engine.report({ [encapKey("web", "b")]: DEAF });
  assert.deepEqual(servers("web"), ["100", "0 flushed", "0"]);
  assert.deepEqual(servers("api"), ["7"]);
  assert.equal(stateOf("b"), "up");
  assert.deepEqual(news(), ["policy encap-failed web", "program web weight"]);
  tunnel(PASS, "b");
  assert.deepEqual(servers("web"), ["100", "50", "0"]);
  assert.deepEqual(news(), ["policy encap-passed web", "program web weight"]);
  const message = "it answers on its own address, but not through VPP's tunnel, so it counts as " +
    "down in this frontend: no answer through the tunnel";
  const at = { frontend: "web", backend: "b" };
  assert.deepEqual(logger.of("encap-failed"), [{ ...at, message }]);
  assert.deepEqual(logger.of("encap-passed"), [
    { ...at, message: "it answers through VPP's tunnel again" },
  ]);
});

Deno.test("a failure names this host first until a server has answered through a tunnel", () => {
  const hint = /; no server has answered through a tunnel since the start: look first at the fire/;
  const { tunnel, logger, checker } = healthy();
  const newest = () => String(logger.of("encap-failed").at(-1)!["message"]);
  tunnel(DEAF, "a");
  assert.match(newest(), hint);
  checker.reload(config("on", { web: { port: 81 } }));
  tunnel(DEAF, "b");
  assert.match(newest(), hint);
  tunnel(PASS, "a");
  checker.reload(config("on", { web: { port: 82 } }));
  tunnel(DEAF, "b");
  assert.doesNotMatch(newest(), hint);
});

Deno.test("`flush-on-down: false` leaves the flows", () => {
  const { tunnel, servers } = healthy(config("on", { web: { flushOnDown: false } }));
  tunnel(DEAF, "b");
  assert.deepEqual(servers("web"), ["100", "0", "0"]);
});

Deno.test("the next pool serves when all of a pool fail, and the frontend is down when all do", () => {
  const { tunnel, weights, checker } = healthy();
  tunnel(DEAF, "a", "b");
  assert.deepEqual(weights("web"), [[0, 0], [10]]);
  tunnel(DEAF, "c");
  assert.equal(checker.snapshot().frontends.get("web")!.state, "down");
  tunnel(PASS, "b");
  assert.deepEqual(weights("web"), [[0, 50], [0]]);
});

Deno.test("`warn` shows a failure, and changes no weight", () => {
  const { tunnel, servers, news, checker, logger } = healthy(config("warn"));
  tunnel(DEAF, "a", "b", "c");
  assert.deepEqual(servers("web"), ["100", "50", "0"]);
  assert.deepEqual(news().slice(0, 3), Array(3).fill("policy encap-failed web"));
  assert.match(
    String(logger.of("encap-failed")[0]!["message"]),
    /its weight stays \(encap: warn\)/,
  );
  assert.equal(checker.snapshot().encap!.get("web")!.get("a")!.counter, 0);
});

Deno.test("a server that is down is not said to answer on its own address", () => {
  const { tunnel, engine, logger } = healthy();
  engine.takeDown("a");
  tunnel(DEAF, "a");
  assert.match(String(logger.of("encap-failed")[0]!["message"]), /^it does not answer through VPP/);
});

Deno.test("a prober that is blind to servers that fail their tunnel takes the frontend down with an event", () => {
  const { checker, engine, news } = setUp(config("on", { web: { pools: "a:100" } }));
  checker.start();
  for (let i = 0; i < 3; i++) engine.report({ [encapKey("web", "a")]: DEAF });
  news();
  engine.reportVoid("a");
  assert.equal(checker.snapshot().frontends.get("web")!.state, "down");
  assert.ok(news().includes("frontend web unknown-down"), news().join());
});

Deno.test("max-down holds a server that fails, and last-good the last one", () => {
  const three = { pools: "a:100 b:50 c:10", maxDown: { count: 1 } };
  const held = healthy(config("on", { web: three }));
  held.tunnel(DEAF, "a");
  held.tunnel(DEAF, "b");
  assert.deepEqual(held.servers("web"), ["0 flushed", "50", "10"]);
  const kept = healthy(config("on", { web: { pools: "a:100", onAllDown: "last-good" } }));
  kept.tunnel(DEAF, "a");
  assert.deepEqual(kept.servers("web"), ["100"]);
});

Deno.test("void probes do not count, and have a line in the log", () => {
  const { engine, servers, logger, checker } = healthy();
  for (let i = 0; i < 5; i++) {
    engine.reportVoid(encapKey("web", "a"), "it is an address of this host");
  }
  assert.deepEqual(servers("web"), ["100", "50", "0"]);
  assert.deepEqual(logger.of("probe-void").map(({ backend, err }) => [backend, err]), [
    ["a", "it is an address of this host"],
  ]);
  assert.equal(checker.encapTally.of(encapKey("web", "a"))!.voids, 5);
  assert.equal(checker.tally.of("a")!.voids, 0);
});

Deno.test("a pair is not probed while its backend is paused or disabled, and keeps its verdict", () => {
  const { checker, tunnel, tunnels, servers, engine } = healthy();
  tunnel(DEAF, "a");
  checker.pauseBackend("a", WHO);
  checker.disableBackend("b", WHO);
  assert.deepEqual(tunnels(), [encapKey("web", "c")]);
  checker.resumeBackend("a", WHO);
  checker.enableBackend("b", WHO);
  assert.equal(tunnels().length, 3);
  assert.equal(engine.running.get(encapKey("web", "a"))!.counter!(), 0);
  engine.report({ a: PASS, b: PASS });
  assert.deepEqual(servers("web"), ["0 flushed", "50", "0"]);
  checker.stop();
  assert.equal(engine.running.size, 0);
});

Deno.test("a reload keeps pairs whose packets stay the same, without a new probe", () => {
  const { checker, tunnel, engine, servers } = healthy();
  tunnel(DEAF, "a", "b");
  engine.calls.length = 0;
  checker.reload(config("on", { web: { pools: "a:90 b:50 | c:10", flushOnDown: false } }));
  assert.deepEqual([engine.calls, servers("web")], [[], ["0", "0", "10"]]);
  checker.reload(config("warn"));
  assert.deepEqual([engine.calls, servers("web")], [[], ["100", "50", "0"]]);
  checker.reload(config("on"));
  assert.deepEqual(servers("web"), ["0 flushed", "0 flushed", "10"]);
});

Deno.test("a reload that changes the pace alone keeps the verdict, and probes at the new pace", () => {
  const { checker, tunnel, engine, servers } = healthy();
  const pace = (tcp: { readonly [key: string]: number }) => config("on", { healthchecks: { tcp } });
  const key = encapKey("web", "b");
  tunnel(DEAF, "b");
  engine.report({ [encapKey("web", "a")]: DEAF });
  checker.reload(pace({ intervalMs: 4000, fall: 2, rise: 3 }));
  assert.equal(engine.running.get(key)!.healthcheck.intervalMs, 4000);
  assert.deepEqual(servers("web"), ["100", "0 flushed", "0"]);
  // The failure before the reload counts.
  engine.report({ [encapKey("web", "a")]: DEAF });
  assert.deepEqual(servers("web"), ["0 flushed", "0 flushed", "10"]);
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(servers("web")[1], "0 flushed", `${i} passes of 3`);
    engine.report({ [key]: PASS });
  }
  assert.deepEqual(servers("web"), ["0 flushed", "50", "0"]);
});

Deno.test("a reload that changes a pair's packets begins it again, and it passes until it fails", () => {
  const { checker, tunnel, engine, servers, tunnels } = healthy();
  tunnel(DEAF, "a", "b");
  engine.calls.length = 0;
  checker.reload(config("on", { web: { port: 81 } }));
  const keys = ["a", "b", "c"].map((name) => encapKey("web", name));
  assert.deepEqual(
    engine.calls,
    keys.flatMap((key) => [`stop ${key}`])
      .concat(keys.map((key) => `start ${key}`)),
  );
  assert.deepEqual(servers("web"), ["100", "50", "0"]);
  tunnel(DEAF, "a");
  checker.reload(config("off"));
  assert.deepEqual([tunnels(), servers("web")], [[], ["100", "50", "0"]]);
  assert.equal(checker.snapshot().encap, undefined);
  assert.equal(checker.encapTally.of(encapKey("web", "a")), undefined);
});

Deno.test("a backend in two pools of a frontend has the strictest of their modes", () => {
  const { pools, ...frontend } = smallConfig(THREE).frontends.get("web")!;
  const from = smallConfig(THREE);
  const source = config().frontends.get("web")!.pools[0]!.encap!.source!;
  const both = [
    { ...pools[0]!, encap: { mode: "warn", source } },
    { name: "again", encap: { mode: "on", source }, backends: [{ name: "a", weight: 1 }] },
  ] as const;
  const frontends = new Map([["web", { ...frontend, pools: both }]]);
  const { tunnels, checker } = healthy({ ...from, frontends });
  assert.equal(tunnels().length, 2);
  const checks = checker.snapshot().encap!.get("web")!;
  assert.deepEqual([checks.get("a")!.mode, checks.get("b")!.mode], ["on", "warn"]);
});

Deno.test("a snapshot does not change with later results, and is the same object without any", () => {
  const { checker, tunnel } = healthy();
  const before = checker.snapshot();
  assert.equal(checker.snapshot(), before);
  tunnel(DEAF, "a");
  assert.equal(before.encap!.get("web")!.get("a")!.lastResult, undefined);
  const after = checker.snapshot();
  assert.equal(after.encap!.get("web")!.get("a")!.lastResult, DEAF);
  assert.equal(checker.current.encap!.get("web")!.get("a")!.lastResult, DEAF);
});

Deno.test("a drain of the only server that passes is refused", () => {
  const { checker, tunnel } = healthy(config("on", { web: { pools: "a:100 b:50" } }));
  tunnel(DEAF, "a");
  const drain = { backend: "b", then: "disable", forMs: undefined, force: false } as const;
  const outcome = checker.drainBackend(drain, WHO);
  assert.ok(!outcome.ok);
  assert.match(outcome.error.message, /web/);
});
