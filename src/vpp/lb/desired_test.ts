import assert from "node:assert/strict";
import { ip } from "../../../tests/support/fakes/vips.ts";
import type { BackendConfig, FrontendConfig } from "../../config/model.ts";
import { frontendHealth } from "../../health/frontend.ts";
import type { BackendState } from "../../health/state.ts";
import { desiredVip } from "./desired.ts";

const BACKENDS = new Map(
  ([["a", "10.0.0.10"], ["b", "10.0.0.9"], ["c", "10.0.0.1"], ["twin", "10.0.0.1"], [
    "six",
    "fd00::1",
  ]] as const).map(([name, address]): [string, BackendConfig] => [
    name,
    { name, address: ip(address), healthcheck: undefined, enabled: true },
  ]),
);

function frontend(pools: readonly string[], change: Partial<FrontendConfig> = {}): FrontendConfig {
  return {
    name: "web",
    description: "",
    address: ip("192.0.2.1"),
    protocol: "tcp",
    port: 80,
    srcIpSticky: false,
    flushOnDown: true,
    pools: pools.map((pool, i) => ({
      name: `pool${i}`,
      backends: pool.split(" ").map((word) => {
        const [name, weight] = word.split("=");
        return { name: name!, weight: Number(weight) };
      }),
    })),
    ...change,
  };
}

function servers(of: FrontendConfig, states: Readonly<Record<string, BackendState>>): string[] {
  return desired(of, states).servers.map((server) =>
    `${server.address.text}=${server.weight}${server.flush ? "!" : ""}`
  );
}

function desired(of: FrontendConfig, states: Readonly<Record<string, BackendState>> = {}) {
  return desiredVip(of, {
    servers: frontendHealth(of, {
      stateOf: (name) => states[name] ?? "up",
      addressOf: (name) => BACKENDS.get(name)!.address,
    }).servers,
    newFlowsTableLength: 1024,
  });
}

Deno.test("desiredVip() makes a host VIP with protocol, port, sticky flag and table length", () => {
  const vip = desired(frontend(["a=100"], { srcIpSticky: true }));
  const { servers: _, ...rest } = vip;
  assert.deepEqual(rest, {
    address: ip("192.0.2.1"),
    prefixLength: 32,
    protocol: 6,
    port: 80,
    encap: "gre4",
    srcIpSticky: true,
    newFlowsTableLength: 1024,
  });
  assert.equal(desired(frontend(["a=100"], { protocol: "udp" })).protocol, 17);
  assert.equal(desired(frontend(["a=100"], { protocol: "any", port: 0 })).protocol, 255);
  assert.equal(desired(frontend(["a=1"], { address: ip("2001:db8::1") })).prefixLength, 128);
});

Deno.test("desiredVip() takes the encap from the backends' family, not from the VIP's", () => {
  assert.equal(desired(frontend(["six=100"])).encap, "gre6");
  assert.equal(desired(frontend(["a=100"], { address: ip("2001:db8::1") })).encap, "gre4");
});

Deno.test("desiredVip() lists servers in numeric order, one per address", () => {
  assert.deepEqual(servers(frontend(["a=3 b=2 c=1"]), {}), [
    "10.0.0.1=1",
    "10.0.0.9=2",
    "10.0.0.10=3",
  ]);
  assert.deepEqual(servers(frontend(["c=10 twin=40"]), { c: "down" }), ["10.0.0.1=40"]);
  assert.deepEqual(servers(frontend(["a=100", "a=50 b=50"]), {}), ["10.0.0.9=0", "10.0.0.10=100"]);
});

Deno.test("desiredVip() follows the states by weight, flush and active pool", () => {
  const two = frontend(["a=100", "b=60 c=40"]);
  assert.deepEqual(servers(two, {}), ["10.0.0.1=0", "10.0.0.9=0", "10.0.0.10=100"]);
  assert.deepEqual(servers(two, { a: "down" }), ["10.0.0.1=40", "10.0.0.9=60", "10.0.0.10=0!"]);
  assert.deepEqual(servers(two, { a: "paused", b: "disabled", c: "unknown" }), [
    "10.0.0.1=0",
    "10.0.0.9=0!",
    "10.0.0.10=0",
  ]);
  assert.deepEqual(servers(frontend(["a=100"], { flushOnDown: false }), { a: "down" }), [
    "10.0.0.10=0",
  ]);
});

Deno.test("desiredVip() returns the same for any order of backends", () => {
  assert.deepEqual(desired(frontend(["a=1 b=2 c=3"])), desired(frontend(["c=3 a=1 b=2"])));
});

Deno.test("desiredVip() throws when families are mixed", () => {
  assert.throws(() => desired(frontend(["a=1 six=1"])), /family/);
});
