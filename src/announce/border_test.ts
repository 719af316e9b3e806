import assert from "node:assert/strict";
import fc from "fast-check";
import { monotonic } from "../../tests/support/fakes/instants.ts";
import { NEVER_MS } from "../base/instant.ts";
import { announcedOf, type Border, judge, type Standings } from "./border.ts";
import { announcedIn, announceText } from "./file_text.ts";

const WEB: Border = {
  frontend: "web",
  prefix: "192.0.2.1/32",
  serving: 2,
  acknowledged: 2,
  minUp: 2,
  hysteresisMs: 10_000,
};

Deno.test("judge() withdraws immediately, and announces again after the hysteresis", () => {
  const found: Standings = new Map([[WEB.prefix, { announced: true, aboveSinceMs: undefined }]]);
  const first = judge(found, [WEB], monotonic(0));
  assert.deepEqual([announcedOf(first.standings), first.wakeAtMs], [[WEB.prefix], NEVER_MS]);
  const down = judge(first.standings, [{ ...WEB, serving: 1 }], monotonic(5));
  assert.deepEqual([announcedOf(down.standings), down.wakeAtMs], [[], NEVER_MS]);
  const up = judge(down.standings, [WEB], monotonic(100));
  assert.deepEqual([announcedOf(up.standings), up.wakeAtMs], [[], 10_100]);
  assert.deepEqual(announcedOf(judge(up.standings, [WEB], monotonic(10_099)).standings), []);
  const due = judge(up.standings, [WEB], monotonic(10_100));
  assert.deepEqual(announcedOf(due.standings), [WEB.prefix]);
});

Deno.test("judge() announces what VPP acknowledged, and keeps an announced prefix while VPP lags", () => {
  const lagging = { ...WEB, acknowledged: 1 };
  const waiting = judge(new Map(), [lagging], monotonic(0));
  assert.deepEqual([announcedOf(waiting.standings), waiting.wakeAtMs], [[], NEVER_MS]);
  const counting = judge(waiting.standings, [WEB], monotonic(20_000));
  assert.deepEqual([announcedOf(counting.standings), counting.wakeAtMs], [[], 30_000]);
  const again = judge(counting.standings, [lagging], monotonic(29_000));
  assert.equal(again.wakeAtMs, NEVER_MS, "VPP lost a server: without a break");
  const due = judge(counting.standings, [WEB], monotonic(30_000));
  const recreated = judge(due.standings, [lagging], monotonic(30_001));
  assert.deepEqual(announcedOf(recreated.standings), [WEB.prefix]);
});

Deno.test("judge() announces a prefix while all of its frontends are above, by the longest hysteresis", () => {
  const tls = { ...WEB, frontend: "tls", hysteresisMs: 20_000 };
  const up = judge(new Map(), [WEB, tls], monotonic(0));
  assert.equal(up.wakeAtMs, 20_000);
  const due = judge(up.standings, [WEB, tls], monotonic(20_000));
  assert.deepEqual(announcedOf(due.standings), [WEB.prefix]);
  const one = judge(due.standings, [WEB, { ...tls, serving: 1 }], monotonic(20_001));
  assert.deepEqual(announcedOf(one.standings), []);
  // A frontend that is removed withdraws its prefix.
  assert.deepEqual(announcedOf(judge(due.standings, [], monotonic(20_001)).standings), []);
});

Deno.test("judge(): 50 flips within the hysteresis are one withdrawal, over any times of the flips", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 9_999 }), { minLength: 100, maxLength: 100 }),
      (waits) => {
        let standings: Standings = new Map([[
          WEB.prefix,
          { announced: true, aboveSinceMs: undefined },
        ]]);
        let changes = 0;
        let nowMs = 0;
        waits.forEach((wait, at) => {
          nowMs += wait;
          const before = announcedOf(standings).length;
          standings = judge(standings, [{ ...WEB, serving: at % 2 }], monotonic(nowMs)).standings;
          standings =
            judge(standings, [{ ...WEB, serving: 1 + at % 2 }], monotonic(nowMs)).standings;
          if (announcedOf(standings).length !== before) changes++;
        });
        assert.equal(changes, 1);
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("announcedIn() reads each form of announceText()", () => {
  const prefixes = ["192.0.2.1/32", "192.0.2.9/32", "2001:db8::1/128"];
  for (const format of ["bird", "json", "text"] as const) {
    assert.deepEqual(announcedIn(announceText(format, prefixes)), prefixes);
    assert.deepEqual(announcedIn(announceText(format, [])), []);
  }
  assert.deepEqual(announcedIn("192.0.2.0/24 999.1.1.1/32 2001:db8::/32 \u0000"), []);
  assert.equal(
    announceText("bird", ["192.0.2.1/32"]),
    "# Written by maglevd; changes are lost.\n" +
      "define MAGLEV_IPV4 = [\n  192.0.2.1/32\n];\ndefine MAGLEV_IPV6 = [];\n",
  );
  assert.equal(announceText("text", ["192.0.2.1/32"]), "192.0.2.1/32\n");
});

Deno.test("announcedIn() reads the longest file in less than a second, whatever is in it", () => {
  for (const text of ["a".repeat(4 << 20), "1/".repeat(2 << 20), "a:".repeat(2 << 20)]) {
    const startMs = performance.now();
    assert.deepEqual(announcedIn(`${text}\n192.0.2.1/32\n`), ["192.0.2.1/32"]);
    assert.ok(performance.now() - startMs < 1000);
  }
});
