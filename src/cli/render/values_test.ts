import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { wall } from "../../../tests/support/fakes/instants.ts";
import type { Json } from "../../grpc/client/client.ts";
import { elapsed, instant } from "./duration.ts";
import { jsonLine, jsonText } from "./json.ts";
import { counted, grouped, percent, scaled } from "./numbers.ts";
import { vipText } from "./vip.ts";
import { yamlText } from "./yaml.ts";

Deno.test("elapsed() has at most two units, rounded down", () => {
  const day = 86_400_000;
  const cases: [ms: number, text: string][] = [
    [-5, "0s"],
    [NaN, "0s"],
    [0, "0s"],
    [0.0004, "<1us"],
    [0.0801, "80us"],
    [1.234, "1.2ms"],
    [9.99, "9.9ms"],
    [350.9, "350ms"],
    [999.9, "999ms"],
    [1200, "1.2s"],
    [9999, "9.9s"],
    [42_900, "42s"],
    [59_999, "59s"],
    [60_000, "1m00s"],
    [727_000, "12m07s"],
    [3_599_999, "59m59s"],
    [5 * 3_600_000 + 9 * 60_000, "5h09m"],
    [3 * day + 4.9 * 3_600_000, "3d4h"],
    [412 * day, "412d0h"],
  ];
  for (const [ms, text] of cases) assert.equal(elapsed(ms), text, String(ms));
});

Deno.test("instant() is in UTC, to the second; a time outside the calendar is its number", () => {
  assert.equal(instant(wall(Date.UTC(2026, 2, 1, 9, 30, 7, 999))), "2026-03-01 09:30:07Z");
  assert.equal(instant(wall(Date.UTC(2262, 3, 11))), "2262-04-11 00:00:00Z");
  assert.equal(instant(wall(9e15)), "9000000000000000 ms");
});

Deno.test("percent() has one digit; almost none and almost all are marked", () => {
  const cases: [share: number, text: string][] = [
    [0, "0.0 %"],
    [1e-9, "<0.1 %"],
    [0.0005, "0.1 %"],
    [1 / 3, "33.3 %"],
    [0.9994, "99.9 %"],
    [0.99999, ">99.9 %"],
    [1, "100.0 %"],
    [NaN, "-"],
  ];
  for (const [share, text] of cases) assert.equal(percent(share), text);
});

Deno.test("numbers are grouped, scaled and counted", () => {
  assert.deepEqual([0n, 999n, 1000n, 1234567n].map(grouped), ["0", "999", "1,000", "1,234,567"]);
  assert.equal(grouped(2n ** 64n - 1n), "18,446,744,073,709,551,615");
  const cases: [value: number, text: string][] = [
    [0, "0"],
    [0.8, "0.80"],
    [7, "7"],
    [12.34, "12.3"],
    [999, "999"],
    [999.7, "1.00 k"],
    [1234, "1.23 k"],
    [99_960, "100 k"],
    [24_691_357_802, "24.7 G"],
    [1.58e14, "158 T"],
    [1e24, "1000000 E"],
  ];
  for (const [value, text] of cases) assert.equal(scaled(value), text);
  assert.deepEqual([0, 1, 2].map((count) => counted(count, "VIP")), ["0 VIPs", "1 VIP", "2 VIPs"]);
});

Deno.test("vipText() drops /32 and /128, but no other prefixes", () => {
  const cases: [prefix: string, port: number, text: string][] = [
    ["192.0.2.1/32", 80, "192.0.2.1:80/tcp"],
    ["192.0.2.1", 80, "192.0.2.1:80/tcp"],
    ["192.0.2.0/24", 80, "192.0.2.0/24:80/tcp"],
    ["2001:db8::1/128", 0, "[2001:db8::1]:*/tcp"],
    ["2001:db8::/32", 53, "[2001:db8::/32]:53/tcp"],
  ];
  for (const [prefix, port, text] of cases) {
    assert.equal(vipText({ prefix, protocol: "tcp", port }), text);
  }
});

const JSON_VALUES = fc.jsonValue({ stringUnit: "binary" }).map((value) => value as Json);
const HARMFUL = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

Deno.test("jsonText() and jsonLine() keep the value, and do not affect a terminal", () => {
  fc.assert(fc.property(JSON_VALUES, (json) => {
    for (const text of [jsonText(json), jsonLine(json)]) {
      assert.doesNotMatch(text, HARMFUL);
      assert.equal(JSON.stringify(JSON.parse(text)), JSON.stringify(json));
    }
    assert.equal(jsonLine(json).indexOf("\n"), jsonLine(json).length - 1);
  }));
});

Deno.test("yamlText() keeps the value, and does not affect a terminal", async () => {
  await fc.assert(fc.asyncProperty(JSON_VALUES, async (json) => {
    const text = await yamlText(json);
    assert.doesNotMatch(text, HARMFUL);
    assert.deepEqual(JSON.stringify(parse(text)), JSON.stringify(json));
  }));
  assert.equal(
    await yamlText([{ server: "lb1", answer: { name: "a\x1b[31m\u202e", n: "12", ok: true } }]),
    '- server: lb1\n  answer:\n    name: "a\\e[31m\\u202e"\n    n: "12"\n    ok: true\n',
  );
  // Characters that the library would leave unescaped, in plain texts.
  for (const text of ["\u0600", "a\u202eb", "a\u200bb", "a\u009bb", "a\u2028b", "a\u{e0041}b"]) {
    const yaml = await yamlText({ [text]: text });
    assert.doesNotMatch(yaml, HARMFUL);
    assert.deepEqual(parse(yaml), { [text]: text });
    assert.doesNotMatch(jsonText({ [text]: text }), HARMFUL);
  }
});
