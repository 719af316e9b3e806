import assert from "node:assert/strict";
import { readinessOf, type ReadinessView } from "./readiness.ts";

const READY: ReadinessView = { running: true, vpp: { kind: "connected" }, warmedUp: true };

Deno.test("readinessOf() is ready with a configuration, a VPP that is connected or off, after warm-up", () => {
  for (const kind of ["connected", "off"] as const) {
    assert.deepEqual(readinessOf({ ...READY, vpp: { kind } }), {
      ready: true,
      reasons: [],
      config: "loaded",
      vpp: kind,
      warmUp: "over",
    });
  }
});

Deno.test("readinessOf() names everything that is missing", () => {
  const cases: [Partial<ReadinessView>, RegExp[]][] = [
    [{ running: false }, [/configuration/]],
    [{ vpp: { kind: "disconnected", reason: "no such file" } }, [/VPP .*: no such file/]],
    [{ warmedUp: false }, [/warm-up/]],
    [
      { running: false, vpp: { kind: "disconnected", reason: "" }, warmedUp: false },
      [/configuration/, /VPP/, /warm-up/],
    ],
  ];
  for (const [change, sentences] of cases) {
    const { ready, reasons } = readinessOf({ ...READY, ...change });
    assert.equal(ready, false);
    assert.equal(reasons.length, sentences.length);
    sentences.forEach((sentence, i) => assert.match(reasons[i]!, sentence));
  }
});
