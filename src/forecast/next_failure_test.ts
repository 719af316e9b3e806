/** Frontends that stand on one server, against each server failed in turn. */
import assert from "node:assert/strict";
import { FAIL, PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { mulberry32 } from "../../tests/support/fakes/mulberry32.ts";
import { type SmallConfig, smallConfig } from "../../tests/support/fakes/small_config.ts";
import { setUp, WHO } from "../../tests/support/worlds/checker_fixture.ts";
import { lastServers } from "./next_failure.ts";

/** A checker whose backends have passed or failed. */
function checked(config: SmallConfig, failed: readonly string[] = []) {
  const all = setUp(smallConfig(config));
  all.checker.start();
  const names = Object.keys(config.backends);
  for (let probe = 0; probe < 4; probe++) {
    all.engine.report(
      Object.fromEntries(names.map((name) => [name, failed.includes(name) ? FAIL : PASS])),
    );
  }
  return all;
}

const found = ({ checker }: ReturnType<typeof checked>) =>
  [...lastServers(checker.snapshot())].map(({ frontend, address }) => `${frontend} ${address}`);

Deno.test("lastServers() has the frontends that lose their last server with one address", () => {
  const config: SmallConfig = {
    backends: {
      a: { address: "10.0.0.1" },
      b: { address: "10.0.0.2" },
      twin: { address: "10.0.0.1" },
      spare: { address: "10.0.0.9" },
    },
    frontends: {
      two: { pools: "a b" },
      one: { pools: "a" },
      twins: { pools: "a twin" },
      spared: { pools: "a | spare" },
      weightless: { pools: "a b:0" },
      kept: { pools: "a", onAllDown: "last-good" },
    },
  };
  assert.deepEqual(found(checked(config)), [
    "one 10.0.0.1",
    "twins 10.0.0.1",
    "weightless 10.0.0.1",
  ]);
  assert.deepEqual(found(checked(config, ["b", "spare"])), [
    "two 10.0.0.1",
    "one 10.0.0.1",
    "twins 10.0.0.1",
    "spared 10.0.0.1",
    "weightless 10.0.0.1",
  ]);
  assert.deepEqual(found(checked(config, ["a", "twin", "b"])), ["spared 10.0.0.9"]);
  const drained = checked(config);
  assert.equal(drained.checker.pauseBackend("b", WHO).ok, true);
  assert.ok(found(drained).includes("two 10.0.0.1"));
});

Deno.test("lastServers() counts a server that VPP keeps without a verdict, not one that has no flows", () => {
  const { checker, engine } = setUp(smallConfig({
    backends: { a: { address: "10.0.0.1" }, b: { address: "10.0.0.2" } },
    frontends: { web: { pools: "a b" } },
  }));
  checker.start();
  assert.deepEqual([...lastServers(checker.snapshot())], []);
  engine.onVoid({ ...engine.running.get("b")!, latenessMs: 300 });
  const stands = [{ frontend: "web", address: "10.0.0.2" }];
  assert.deepEqual([...lastServers(checker.snapshot())], stands);
});

Deno.test("lastServers() is right for each server of 500 random configurations, failed in turn", () => {
  const random = mulberry32(5);
  const pick = (most: number) => Math.floor(random() * most);
  let emptied = 0;
  for (let round = 0; round < 500; round++) {
    const names = Array.from({ length: 2 + pick(4) }, (_, at) => `b${at}`);
    const backends = Object.fromEntries(
      names.map((name) => [name, { address: `10.0.0.${1 + pick(names.length)}` }]),
    );
    const pool = () =>
      names.filter(() => random() < 0.5).map((name) => `${name}:${random() < 0.3 ? 0 : 100}`)
        .join(" ");
    const pools = Array.from({ length: 1 + pick(2) }, pool).filter((text) => text !== "");
    if (pools.length === 0) continue;
    const brake = random() < 0.3 ? { maxDown: { count: 1 } } : {};
    const keeps = random() < 0.2 ? { onAllDown: "last-good" as const } : {};
    const config: SmallConfig = {
      backends,
      frontends: { web: { pools: pools.join(" | "), ...brake, ...keeps } },
    };
    const failed = names.filter(() => random() < 0.3);
    const foretold = found(checked(config, failed));
    const serves = ({ checker }: ReturnType<typeof checked>) =>
      checker.snapshot().frontends.get("web")!.servers.some(({ weight }) => weight > 0);
    if (!serves(checked(config, failed))) {
      assert.deepEqual(foretold, [], `round ${round}`);
      continue;
    }
    const addresses = new Set(Object.values(backends).map(({ address }) => address));
    const measured = [...addresses].filter((address) => {
      const world = checked(config, failed);
      const gone = names.filter((name) => backends[name]!.address === address);
      for (let probe = 0; probe < 4; probe++) {
        world.engine.report(Object.fromEntries(gone.map((name) => [name, FAIL])));
      }
      return !serves(world);
    });
    assert.deepEqual(foretold, measured.map((address) => `web ${address}`), `round ${round}`);
    emptied += measured.length;
  }
  assert.ok(emptied > 50, `${emptied}`);
});
