import assert from "node:assert/strict";
import { parseIp } from "../base/address.ts";
import { FakeProbeEngine } from "../../tests/support/fakes/fake_probe_engine.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import { wall } from "../../tests/support/fakes/instants.ts";
import { created } from "./reload.ts";
import { ProbeTargets, type TargetSpec } from "./targets.ts";

const healthcheck = smallConfig({ backends: {}, frontends: {} }).healthchecks.get("tcp")!;

function spec(backend: string): TargetSpec {
  return {
    backend,
    address: parseIp("127.0.0.1")!,
    healthcheck,
    netns: "",
    firstDelayMs: 0,
    soonestMs: 0,
  };
}

Deno.test("ProbeTargets: ids are dense and reused, each use with the next generation", () => {
  const engine = new FakeProbeEngine();
  const targets = new ProbeTargets(engine, () => 1);
  const idOf = (name: string) => {
    const { id, generation } = engine.running.get(name)!;
    return [id, generation];
  };
  for (const name of ["a", "b", "c"]) targets.start(spec(name));
  assert.deepEqual(["a", "b", "c"].map(idOf), [[0, 1], [1, 1], [2, 1]]);
  targets.stop("b");
  targets.start(spec("d"));
  assert.deepEqual(idOf("d"), [1, 2]);
  targets.start(spec("e"));
  assert.deepEqual(idOf("e"), [3, 1]);
});

Deno.test("ProbeTargets: starting a running target stops it first and is a new generation", () => {
  const engine = new FakeProbeEngine();
  const targets = new ProbeTargets(engine, () => 1);
  targets.start(spec("a"));
  const old = engine.running.get("a")!;
  targets.start(spec("a"));
  assert.deepEqual(engine.calls, ["start a", "stop a", "start a"]);
  assert.equal(targets.find(old), undefined);
  assert.equal(targets.find(engine.running.get("a")!)?.backend, "a");
});

Deno.test("ProbeTargets: find returns undefined for old generations, unknown ids and stopped targets", () => {
  const engine = new FakeProbeEngine();
  const targets = new ProbeTargets(engine, () => 1);
  targets.start(spec("a"));
  assert.equal(targets.find({ id: 0, generation: 1 })?.type, "tcp");
  assert.equal(targets.find({ id: 0, generation: 0 }), undefined);
  assert.equal(targets.find({ id: 0, generation: 2 }), undefined);
  assert.equal(targets.find({ id: 7, generation: 1 }), undefined);
  targets.stop("a");
  targets.stop("a");
  assert.equal(targets.find({ id: 0, generation: 1 }), undefined);
  assert.deepEqual(engine.calls, ["start a", "stop a"]);
});

Deno.test("ProbeTargets: stopAll stops all targets; readdress of an unprobed backend fails an invariant", () => {
  const engine = new FakeProbeEngine();
  const targets = new ProbeTargets(engine, () => 1);
  targets.start(spec("a"));
  targets.start(spec("b"));
  targets.readdress("b", parseIp("127.0.0.9")!);
  assert.equal(engine.running.get("b")?.address.text, "127.0.0.9");
  targets.stopAll();
  assert.equal(engine.running.size, 0);
  assert.equal(targets.has("a"), false);
  assert.throws(() => targets.readdress("b", parseIp("127.0.0.9")!), /not probed/);
});

Deno.test("ProbeTargets.startSpread: ports of one server start one after the other, others at once", () => {
  const engine = new FakeProbeEngine();
  const targets = new ProbeTargets(engine, () => 1);
  const config = smallConfig({
    backends: {
      a: { address: "10.0.0.1" },
      a2: { address: "10.0.0.1" },
      b: { address: "10.0.0.2" },
      c: { address: "10.0.0.3" },
    },
    frontends: {},
  });
  const backends = [...config.backends.values()].map((backend) =>
    created(config, backend, wall(0))
  );
  targets.startSpread(config, backends);
  const delays = [...engine.running.values()].map((it) => [it.firstDelayMs, it.soonestMs]);
  assert.deepEqual(delays, [[0, 0], [500, 20], [250, 0], [750, 0]]);
});
