import assert from "node:assert/strict";
import { EPOCH_MS } from "../base/instant.ts";
import { blindSentences, expiredSentences, readinessOf, type ReadinessView } from "./readiness.ts";

const READY: ReadinessView = {
  running: true,
  vpp: { kind: "connected" },
  warmedUp: true,
  blind: [],
  withheld: [],
};

Deno.test("readinessOf() is ready with a configuration, a VPP that is connected or off, after warm-up", () => {
  for (const kind of ["connected", "off"] as const) {
    assert.deepEqual(readinessOf({ ...READY, vpp: { kind } }), {
      ready: true,
      reasons: [],
      config: "loaded",
      vpp: kind,
      warmUp: "over",
      probers: "seeing",
    });
  }
});

Deno.test("readinessOf() names everything that is missing", () => {
  const cases: [Partial<ReadinessView>, RegExp[]][] = [
    [{ running: false }, [/configuration/]],
    [{ vpp: { kind: "disconnected", reason: "no such file" } }, [/VPP .*: no such file/]],
    [{ warmedUp: false }, [/warm-up/]],
    [{ blind: ["cannot probe 2 backends: no port"] }, [/^cannot probe 2 backends: no port$/]],
    [{ expired: ["the prober may be cut off"] }, [/^the prober may be cut off$/]],
    [{ withheld: ["192.0.2.1/32 any 0: a ring"] }, [/withheld from VPP: 192\.0\.2\.1.*a ring$/]],
    [
      { withheld: Array.from({ length: 12 }, (_, i) => `VIP ${i}`) },
      [...Array.from({ length: 10 }, () => /withheld from VPP: VIP/), /: 2 more/],
    ],
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

Deno.test("expiredSentences() names probers whose targets are away although failures count", () => {
  const view = { threads: 1, backends: 9, blind: [] };
  assert.deepEqual(
    expiredSentences([{ netns: "", ...view }, { netns: "blue", ...view, expired: "0 of 2" }]),
    [
      "the prober in network namespace blue may be cut off, and failures count since max-hold: 0 of 2",
    ],
  );
});

Deno.test("blindSentences() gives the missing resource, the namespace once, and the number of backends", () => {
  const spot = { lack: "ports", reason: "no local port is free", sinceMs: EPOCH_MS } as const;
  const reason = "cannot enter network namespace dmz: it does not exist";
  const gone = { lack: "namespace", reason, sinceMs: EPOCH_MS } as const;
  const view = { threads: 1, backends: 9 };
  assert.deepEqual(
    blindSentences([
      { netns: "", ...view, blind: [{ ...spot, backends: 1 }] },
      { netns: "blue", ...view, blind: [{ ...spot, backends: 3 }] },
      { netns: "green", ...view, blind: [{ ...spot, backends: 0 }] },
      { netns: "dmz", ...view, blind: [{ ...gone, backends: 5 }] },
      { netns: "red", ...view, blind: [] },
    ]),
    [
      "cannot probe 1 backend: no local port is free",
      "cannot probe 3 backends in network namespace blue: no local port is free",
      "probes in network namespace green were void until a few seconds ago: no local port is free",
      "cannot probe 5 backends: cannot enter network namespace dmz: it does not exist",
    ],
  );
});
