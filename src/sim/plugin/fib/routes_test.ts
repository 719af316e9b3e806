import assert from "node:assert/strict";
import { parseIp } from "../../../base/address.ts";
import { address46 } from "../address46.ts";
import { Routes } from "./routes.ts";

Deno.test("Routes: one route for all its users, removed with the last, its index reused", () => {
  const routes = new Routes();
  const a = address46(parseIp("10.0.0.1")!);
  const b = address46(parseIp("10.0.0.2")!);
  assert.deepEqual([routes.acquire(a, 128), routes.acquire(b, 128), routes.acquire(a, 128)], [
    8,
    9,
    8,
  ]);
  assert.equal(routes.acquire(a, 120), 10, "another length is another route");
  routes.release(a, 128);
  assert.equal(routes.exact(a, 128)?.index, 8);
  routes.release(a, 128);
  assert.equal(routes.exact(a, 128), undefined);
  assert.equal(routes.size, 2);
  assert.equal(routes.acquire(address46(parseIp("10.0.0.3")!), 128), 8);
  assert.throws(() => routes.release(a, 128), /exists/);
});
