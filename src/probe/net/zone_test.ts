import assert from "node:assert/strict";
import { verdictOf } from "../outcome.ts";
import { closeZones, withZoneNumber, zoneError } from "./zone.ts";

Deno.test("withZoneNumber() names a missing interface", () => {
  try {
    assert.throws(() => withZoneNumber("fe80::1%nosuchinterface"), /no interface nosuchinterface/);
    assert.equal(withZoneNumber("fe80::1%7"), "fe80::1%7");
    assert.equal(withZoneNumber("::1"), "::1");
  } finally {
    closeZones();
  }
});

Deno.test("zoneError() is inconclusive when a lookup fails without descriptors", () => {
  const cases: [errno: number, inconclusive: boolean, detail: RegExp][] = [
    [-19, true, /^this host has no interface eth9$/],
    [-24, true, /out of file descriptors/],
    [-23, true, /out of file descriptors/],
    [-12, true, /out of kernel memory/],
  ];
  for (const [errno, inconclusive, detail] of cases) {
    const verdict = verdictOf(zoneError("eth9", errno), "connect");
    assert.deepEqual([verdict.code, verdict.inconclusive], ["L4CON", inconclusive]);
    assert.match(verdict.detail, detail);
  }
});
