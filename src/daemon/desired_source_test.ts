import assert from "node:assert/strict";
import { PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { setUp, THREE, WHO } from "../../tests/support/worlds/checker_fixture.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import { parseIp } from "../base/address.ts";
import { desiredSource } from "./desired_source.ts";

function world() {
  const [ipv4SrcAddress, ipv6SrcAddress] = [parseIp("192.0.2.1"), parseIp("2001:db8::1")];
  assert.ok(ipv4SrcAddress !== undefined && ipv6SrcAddress !== undefined);
  const vppLb = {
    syncIntervalMs: 30_000,
    ipv4SrcAddress,
    ipv6SrcAddress,
    stickyBucketsPerCore: 65_536,
    flowTimeoutMs: 40_000,
    startupMinDelayMs: 0,
    startupMaxDelayMs: 0,
    countersIntervalMs: 5000,
    newFlowsTableLength: 1024,
    maxRemoval: 100,
  };
  const { checker, engine } = setUp({ ...smallConfig(THREE), vppLb });
  checker.start();
  return { checker, engine, source: desiredSource(checker) };
}

Deno.test("desiredSource() reports a frontend as known when all its backends are known", () => {
  const { checker, engine, source } = world();
  assert.deepEqual([source.known("web"), source.known("api")], [false, false]);
  engine.report({ b: PASS });
  assert.deepEqual([source.known("web"), source.known("api")], [false, true]);
  engine.report({ a: PASS });
  assert.equal(source.known("web"), false, "the standby pool counts too");
  checker.pauseBackend("c", WHO);
  assert.equal(source.known("web"), true, "a paused backend is known");
  checker.resumeBackend("c", WHO);
  assert.equal(source.known("web"), false);
  checker.disableBackend("c", WHO);
  assert.equal(source.known("web"), true, "a disabled backend is known");
  checker.stop();
});

Deno.test("desiredSource() reports a frontend with void probes only as blind; its weights are VPP's", () => {
  const { checker, engine, source } = world();
  const kept = () => source.desired("web")!.servers.map(({ weight, keep }) => [weight, keep]);
  assert.deepEqual([source.blind("web"), source.blind("api")], [false, false]);
  engine.reportVoid("b");
  assert.deepEqual([source.blind("web"), source.blind("api")], [true, true]);
  assert.deepEqual([source.known("web"), source.known("api")], [false, false]);
  assert.deepEqual(kept(), [[0, undefined], [0, true], [0, undefined]]);
  engine.report({ a: PASS });
  assert.equal(source.blind("web"), false, "something is known of it");
  assert.deepEqual(kept(), [[100, undefined], [0, true], [0, undefined]]);
  checker.disableBackend("b", WHO);
  assert.deepEqual(kept(), [[100, undefined], [0, undefined], [0, undefined]]);
  assert.equal(source.blind("api"), false, "an operator decided it");
  checker.stop();
});

Deno.test("desiredSource() does not hold a blind frontend back while a server of it is drained", () => {
  const { checker, engine, source } = world();
  engine.reportVoid("a");
  engine.reportVoid("b");
  engine.reportVoid("c");
  const drain = { then: "disable", forMs: undefined, force: false } as const;
  assert.ok(checker.drainBackend({ backend: "a", ...drain }, WHO).ok);
  assert.deepEqual([source.blind("web"), source.blind("api")], [false, true]);
  assert.deepEqual(source.desired("web")!.servers.map(({ weight, keep }) => [weight, keep]), [
    [0, undefined],
    [0, true],
    [0, true],
  ]);
  checker.stop();
});

Deno.test("desiredSource() keeps a carried server's weight, and does not report it as known", () => {
  const { checker, engine, source } = world();
  engine.report({ a: PASS, b: PASS, c: PASS });
  const { config } = checker.snapshot();
  checker.reload({
    ...config,
    healthchecks: new Map([["tcp", { ...config.healthchecks.get("tcp")!, port: 81 }]]),
  });
  assert.deepEqual(source.desired("web")!.servers.map(({ weight }) => weight), [100, 50, 0]);
  assert.deepEqual([source.known("web"), source.blind("web")], [false, false]);
  checker.stop();
});

Deno.test("desiredSource() returns existing frontends only, in the file's order", () => {
  const { checker, source } = world();
  assert.deepEqual(source.frontends(), ["web", "api"]);
  assert.equal(source.desired("nothing"), undefined);
  checker.stop();
});

Deno.test("desiredSource() returns the weights in force for the present states", () => {
  const { checker, engine, source } = world();
  const weights = () => source.desired("web")!.servers.map(({ weight, flush }) => [weight, flush]);
  engine.report({ a: PASS, b: PASS, c: PASS });
  assert.deepEqual(weights(), [[100, false], [50, false], [0, false]]);
  checker.setWeight({ frontend: "web", pool: "pool0", backend: "a", weight: 7 }, WHO);
  checker.disableBackend("b", WHO);
  assert.deepEqual(weights(), [[7, false], [0, true], [0, false]]);
  checker.stop();
});

Deno.test("desiredSource() returns the plugin's settings in the plugin's units", () => {
  const { checker, source } = world();
  const { ip4SrcAddress, ip6SrcAddress, stickyBucketsPerCore, flowTimeoutS } = source.lbConf();
  assert.deepEqual(
    [ip4SrcAddress.text, ip6SrcAddress.text, stickyBucketsPerCore, flowTimeoutS],
    ["192.0.2.1", "2001:db8::1", 65_536, 40],
  );
  checker.stop();
});
