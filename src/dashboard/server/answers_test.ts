/** The forms of answers: tags, compression, and answers that all clients share. */
import assert from "node:assert/strict";
import { DashboardWorld, POST } from "../../../tests/support/worlds/dashboard_handler.ts";

Deno.test("a state that has not changed is not sent again, and both forms have tags of their own", async () => {
  const world = new DashboardWorld();
  const state = (headers: Readonly<Record<string, string>>) =>
    world.ask("/view/api/state", { headers });
  const gzip = await state({ "accept-encoding": "gzip" });
  const plain = await state({});
  assert.equal(gzip.headers["Content-Encoding"], "gzip");
  assert.equal(plain.headers["Content-Encoding"], undefined);
  assert.equal(gzip.text, plain.text);
  assert.notEqual(gzip.headers["ETag"], plain.headers["ETag"]);
  assert.equal(gzip.headers["Vary"], "Accept-Encoding");
  assert.equal(gzip.headers["Cache-Control"], "no-cache");
  for (const { headers } of [gzip, plain]) {
    const encoding: Record<string, string> = headers["Content-Encoding"] === "gzip"
      ? { "accept-encoding": "br, gzip;q=0.5" }
      : { "accept-encoding": "gzip;q=0" };
    const again = await state({ ...encoding, "if-none-match": `"x", W/${headers["ETag"]}` });
    assert.deepEqual([again.status, again.text], [304, ""]);
    assert.equal(again.headers["ETag"], headers["ETag"]);
    world.hub.version++;
    assert.equal((await state({ ...encoding, "if-none-match": headers["ETag"]! })).status, 200);
    world.hub.version--;
  }
});

Deno.test("large answers are compressed for clients that take it", async () => {
  const world = new DashboardWorld();
  world.hub.backendCount = 100;
  const accepts = { headers: { "accept-encoding": "gzip, br" } };
  const { headers } = await world.ask("/view/api/state/lb1", accepts);
  assert.equal(headers["Content-Encoding"], "gzip");
  const small = await world.ask("/view/api/version", accepts);
  assert.equal(small.headers["Content-Encoding"], undefined);
  const plain = await world.ask("/view/api/state/lb1");
  assert.equal(plain.headers["Content-Encoding"], undefined);
});

Deno.test("a client that asks often costs a maglevd one call in half a second", async () => {
  const world = new DashboardWorld();
  const details = () => world.ask("/view/api/state/lb1/backends/nginx0");
  await Promise.all(Array.from({ length: 100 }, details));
  assert.equal(world.hub.backendCalls, 1);
  world.clock.advance(500);
  await details();
  assert.equal(world.hub.backendCalls, 2);
  // After an action the operator sees its effect.
  await world.ask("/admin/api/lb1/backends/nginx0/pause", POST);
  await details();
  assert.equal(world.hub.backendCalls, 3);
});

Deno.test("without a build the page is a sentence, and all else is served", async () => {
  const world = new DashboardWorld({ assets: undefined });
  const page = await world.ask("/view/");
  assert.equal(page.status, 503);
  assert.equal(page.text, "the dashboard's page is not built; run `deno task setup`\n");
  assert.equal((await world.ask("/view/assets/index-a1.js")).status, 404);
  assert.equal((await world.ask("/view/api/state")).status, 200);
});
