import assert from "node:assert/strict";
import {
  bodyMatches,
  formatStatusRanges,
  statusAccepted,
  wrongBody,
  wrongStatus,
} from "./http_match.ts";

Deno.test("statusAccepted() takes both ends of a range, and nothing between ranges", () => {
  const ranges = [[200, 204], [301, 301], [400, 499]] as const;
  const cases: [status: number, accepted: boolean][] = [
    [199, false],
    [200, true],
    [204, true],
    [205, false],
    [300, false],
    [301, true],
    [302, false],
    [400, true],
    [499, true],
    [500, false],
  ];
  for (const [status, accepted] of cases) {
    assert.equal(statusAccepted(status, ranges), accepted, `${status}`);
  }
  assert.equal(statusAccepted(200, []), false);
});

Deno.test("wrongStatus() says what came and what was wanted", () => {
  assert.equal(formatStatusRanges([[200, 299], [301, 301]]), "200-299, 301");
  const verdict = wrongStatus(503, [[200, 200]]);
  assert.equal(verdict.code, "L7STS");
  assert.equal(verdict.layer, "L7");
  assert.equal(verdict.detail, "status 503, expected 200");
});

Deno.test("bodyMatches() reads UTF-8, and survives a character cut in two", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  assert.equal(bodyMatches(bytes("all is wöll"), /w.ll$/), true);
  assert.equal(bodyMatches(bytes("down"), /^up/), false);
  assert.equal(bodyMatches(bytes("ok ö").subarray(0, 4), /^ok ./), true);
  assert.equal(bodyMatches(new Uint8Array(0), /^$/), true);
  assert.match(wrongBody(200, 65536).detail, /65536 bytes .* do not match/);
});
