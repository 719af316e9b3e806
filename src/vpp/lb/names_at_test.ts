import assert from "node:assert/strict";
import { parseIp } from "../../base/address.ts";
import { smallConfig } from "../../../tests/support/fakes/small_config.ts";
import { namesOfAll, namesOfFrontend, namesOfVips } from "./names_at.ts";

/** One server has two backends, each with its own frontend; no frontend has d. */
const CONFIG = smallConfig({
  backends: {
    http: { address: "10.0.0.1" },
    https: { address: "10.0.0.1" },
    b: { address: "10.0.0.2" },
    d: { address: "10.0.0.4" },
  },
  frontends: {
    web: { pools: "http:100 b:50 | http:10", port: 80 },
    tls: { pools: "https:100", address: "192.0.2.1", port: 443 },
  },
});

Deno.test("a server has the names of all backends with its address, in the file's order", () => {
  const names = namesOfAll(CONFIG.backends);
  assert.deepEqual(["10.0.0.1", "10.0.0.2", "10.0.0.9"].map(names), [["http", "https"], ["b"], []]);
});

Deno.test("a frontend's server has the names of its own backends, each once", () => {
  const names = namesOfFrontend(CONFIG.frontends.get("web")!, CONFIG.backends);
  assert.deepEqual(["10.0.0.1", "10.0.0.2", "10.0.0.4"].map(names), [["http"], ["b"], []]);
});

Deno.test("a VIP's server has the names of its frontend or, without any, of all backends", () => {
  const namesAt = namesOfVips(CONFIG);
  const vip = (port: number) => ({
    address: parseIp("192.0.2.1")!,
    prefixLength: 32,
    protocol: 6,
    port,
  });
  assert.deepEqual(namesAt(vip(80), "10.0.0.1"), ["http"]);
  assert.deepEqual(namesAt(vip(443), "10.0.0.1"), ["https"]);
  // A server that was removed from the frontend, and a VIP of another program.
  assert.deepEqual(namesAt(vip(443), "10.0.0.4"), ["d"]);
  assert.deepEqual(namesAt(vip(8080), "10.0.0.1"), ["http", "https"]);
});
