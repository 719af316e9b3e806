/** Parts of the server that judge one thing each, over the inputs that are easy to get wrong. */
import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { acceptsGzip, isJsonType, matchesTag } from "./headers.ts";
import { EncodedJson, SharedJson } from "./shared_json.ts";

Deno.test("acceptsGzip() reads weights as RFC 9110 has them", () => {
  for (const yes of ["gzip", "GZIP", "br, gzip", "gzip;q=0.1", "*", "*;q=0.1", "x-gzip"]) {
    assert.ok(acceptsGzip(yes), yes);
  }
  for (const no of [undefined, "", "br", "gzip;q=0", "gzip; q=0.0, *", "identity", "*;q=0"]) {
    assert.ok(!acceptsGzip(no), String(no));
  }
});

Deno.test("matchesTag() compares weakly, and with every tag of a list", () => {
  for (const yes of ['"a"', 'W/"a"', '"b", "a"', "*", ' "b",W/"a" ']) {
    assert.ok(matchesTag(yes, '"a"'), yes);
  }
  for (const no of [undefined, "", "a", '"A"', '"ab"', '"b"']) {
    assert.ok(!matchesTag(no, '"a"'), String(no));
  }
});

Deno.test("isJsonType() accepts parameters, and no other type", () => {
  assert.ok(isJsonType("application/json"));
  assert.ok(isJsonType("application/json;charset=utf-8"));
  for (const no of [undefined, "", "text/json", "application/json5", "application/jsonx;a=b"]) {
    assert.ok(!isJsonType(no), String(no));
  }
});

Deno.test("SharedJson keeps a bounded number of answers for half a second", async () => {
  const clock = new FakeClock();
  const shared = new SharedJson(clock);
  let made = 0;
  const get = (key: string) => shared.get(key, () => ({ n: ++made }));
  const one = await get("a");
  assert.equal(await get("a"), one);
  clock.advance(499);
  assert.equal(await get("a"), one);
  clock.advance(1);
  assert.notEqual(await get("a"), one);
  for (let n = 0; n < 300; n++) await get(`k${n}`);
  const before = made;
  await get("k0");
  assert.equal(made, before + 1, "the oldest gave way");
  await get("k299");
  assert.equal(made, before + 1);
});

Deno.test("SharedJson keeps a bounded number of bytes, and the newest answer in any case", async () => {
  const shared = new SharedJson(new FakeClock(), 64 * 1024);
  let made = 0;
  const get = async (key: string, kibibytes: number) => {
    const answer = await shared.get(key, () => {
      made++;
      return Promise.resolve("x".repeat(kibibytes * 1024));
    });
    assert.ok(answer instanceof EncodedJson);
    return answer;
  };
  for (let n = 0; n < 20; n++) await get(`k${n}`, 10);
  assert.equal(made, 20);
  for (let n = 14; n < 20; n++) await get(`k${n}`, 10);
  assert.equal(made, 20, "the last sixty KiB are kept");
  await get("k13", 10);
  assert.equal(made, 21, "and none before them");
  await get("large", 70);
  await get("large", 70);
  assert.equal(made, 22);
  await get("small", 0);
  await get("large", 70);
  assert.equal(made, 24, "not next to another one");
});
