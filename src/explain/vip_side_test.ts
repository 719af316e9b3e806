import assert from "node:assert/strict";
import { FAIL, PASS } from "../../tests/support/fakes/fake_probe_engine.ts";
import { EPOCH_MS } from "../base/instant.ts";
import { setUp, THREE } from "../../tests/support/worlds/checker_fixture.ts";
import { smallConfig } from "../../tests/support/fakes/small_config.ts";
import { encapKey } from "../checker/encap/pairs.ts";
import { localVips, vipSide } from "./vip_side.ts";

Deno.test("vipSide() names the mode of encap, and the servers that fail through the tunnel", () => {
  const frontends = { web: { pools: "a b", encap: "on" as const }, api: { pools: "b:7" } };
  const { checker, engine } = setUp(smallConfig({ ...THREE, frontends }));
  checker.start();
  engine.report({ a: PASS, b: PASS });
  for (let i = 0; i < 3; i++) engine.report({ [encapKey("web", "a")]: FAIL });
  const snapshot = checker.snapshot();
  const vpp = { kind: "off" } as const;
  const [web, api] = localVips(snapshot, undefined).map((vip) =>
    vipSide(vip, { snapshot, vpp, configSinceMs: EPOCH_MS })
  );
  assert.deepEqual(web!.entries.map(({ state }) => state), [
    "up (fails through VPP's tunnel)",
    "up",
  ]);
  assert.match(web!.policy, /, encap on$/);
  assert.ok(!api!.policy.includes("encap"), "fingerprints of others stay");
  checker.stop();
});
