import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { ip } from "../../../tests/support/fakes/vips.ts";
import {
  type ChainVip,
  type FatalChain,
  findFatalChains,
  MAX_CHAIN_BYTES,
  MAX_CHAIN_PATH,
} from "./vip_chain.ts";

/** An all-ports VIP by default; the encapsulation is that of its first server's family. */
function vip(name: string, address: string, servers: readonly string[], port?: "port"): ChainVip {
  const addresses = servers.map(ip);
  const encap = addresses[0]?.family === 6 ? "gre6" : "gre4";
  return { name, address: ip(address), allPorts: port === undefined, encap, servers: addresses };
}

/** `a` at 192.0.2.1, `b` at 192.0.2.2 and so on, each with the next as its server. */
function chain(count: number, end: string): readonly ChainVip[] {
  const at = (index: number) => `192.0.${2 + (index >> 8)}.${index & 255}`;
  return Array.from(
    { length: count },
    (_, index) => vip(`v${index}`, at(index), [index + 1 < count ? at(index + 1) : end]),
  );
}

Deno.test("findFatalChains() finds nothing in VIPs with real servers or without servers", () => {
  deepEqual(findFatalChains([]), []);
  deepEqual(
    findFatalChains([
      vip("web", "192.0.2.1", ["10.0.0.1", "10.0.0.2"], "port"),
      vip("all", "192.0.2.2", ["10.0.0.1"]),
      vip("idle", "192.0.2.3", []),
    ]),
    [],
  );
});

Deno.test("findFatalChains() finds an all-ports VIP that is its own server", () => {
  deepEqual(findFatalChains([vip("web", "192.0.2.1", ["10.0.0.1", "192.0.2.1"])]), [
    { kind: "ring", path: ["web", "web"], bytes: 24 },
  ]);
});

Deno.test("findFatalChains() finds a ring over VIPs of both families", () => {
  const ring = [
    vip("entry", "192.0.2.9", ["192.0.2.1"], "port"),
    vip("b", "2001:db8::1", ["192.0.2.2"]),
    vip("a", "192.0.2.1", ["2001:db8::1"]),
    vip("c", "192.0.2.2", ["10.0.0.1", "192.0.2.1"]),
  ];
  deepEqual(findFatalChains(ring), [
    { kind: "ring", path: ["b", "c", "a", "b"], bytes: 24 + 24 + 44 },
  ]);
});

Deno.test("findFatalChains() names the VIP with a port that drops the packets of another", () => {
  const web = vip("web", "192.0.2.1", ["10.0.0.1"], "port");
  deepEqual(findFatalChains([web, vip("all", "192.0.2.2", ["10.0.0.2", "192.0.2.1"])]), [
    { kind: "port-vip", path: ["all", "web"], bytes: 24 },
  ]);
  const itself = vip("web", "192.0.2.1", ["192.0.2.1"], "port");
  deepEqual(findFatalChains([itself]), [{ kind: "port-vip", path: ["web", "web"], bytes: 24 }]);
});

Deno.test("a chain that ends in real servers within 96 bytes is legal", () => {
  deepEqual(findFatalChains(chain(4, "10.0.0.1")), []);
  deepEqual(findFatalChains(chain(5, "10.0.0.1")), [
    { kind: "too-long", path: ["v0", "v1", "v2", "v3", "v4"], bytes: 120 },
  ]);
  const two = [vip("a", "192.0.2.1", ["2001:db8::1"]), vip("b", "2001:db8::1", ["2001:db8::9"])];
  deepEqual(findFatalChains(two), []);
  const three = [vip("front", "192.0.2.7", ["192.0.2.1"], "port"), ...two];
  deepEqual(findFatalChains(three), [
    { kind: "too-long", path: ["front", "a", "b"], bytes: 24 + 44 + 44 },
  ]);
});

Deno.test("a chain is as long as its longest branch, and each VIP that begins one is named", () => {
  const branches = [
    vip("short", "192.0.2.100", ["192.0.2.3", "192.0.2.2"]),
    ...chain(5, "10.0.0.1"),
    vip("other", "192.0.2.101", ["192.0.2.1", "10.0.0.3"]),
  ];
  deepEqual(findFatalChains(branches), [
    { kind: "too-long", path: ["v0", "v1", "v2", "v3", "v4"], bytes: 120 },
    { kind: "too-long", path: ["other", "v1", "v2", "v3", "v4"], bytes: 120 },
  ]);
});

Deno.test("two VIPs of one address (old and new at a reload) count as one with the servers of both", () => {
  const old = [vip("a", "192.0.2.1", ["192.0.2.2"]), vip("b", "192.0.2.2", ["10.0.0.1"])];
  const next = [vip("a", "192.0.2.1", ["10.0.0.1"]), vip("b", "192.0.2.2", ["192.0.2.1"])];
  deepEqual(findFatalChains(old), []);
  deepEqual(findFatalChains(next), []);
  deepEqual(findFatalChains([...old, ...next]), [
    { kind: "ring", path: ["a", "b", "a"], bytes: 48 },
  ]);
  const swapped = [vip("front", "192.0.2.3", ["192.0.2.1"]), ...old];
  deepEqual(findFatalChains(swapped), []);
  const both = [...swapped, vip("b", "192.0.2.2", ["2001:db8::5"]), ...old];
  deepEqual(findFatalChains(both), []);
  deepEqual(findFatalChains([vip("first", "192.0.2.4", ["192.0.2.3"], "port"), ...both]), [
    { kind: "too-long", path: ["first", "front", "a", "b"], bytes: 24 + 24 + 24 + 44 },
  ]);
});

Deno.test("ten thousand VIPs in a chain or a ring take a moment, and a path is cut", () => {
  const began = performance.now();
  const [long, ...others] = findFatalChains(chain(10_000, "10.0.0.1"));
  deepEqual([long?.kind, long?.bytes, long?.path.length], ["too-long", 240_000, MAX_CHAIN_PATH]);
  // Every VIP but the last four begins such a chain, and each is in one of them.
  equal(others.length, Math.ceil((10_000 - 4) / MAX_CHAIN_PATH) - 1);
  const [ring] = findFatalChains(chain(10_000, "192.0.2.0"));
  deepEqual([ring?.kind, ring?.path.length], ["ring", 10_001]);
  const hub = Array.from({ length: 10_000 }, () => vip("hub", "192.0.2.1", ["192.0.2.1"]));
  equal(findFatalChains(hub).length, 1);
  ok(performance.now() - began < 5000);
});

// ---- Against a search through all paths.

const addressOf = (index: number) => `192.0.2.${index + 1}`;

/** Up to six VIPs whose servers are each other or real ones. */
const someVips = fc.array(
  fc.record({
    allPorts: fc.boolean(),
    gre6: fc.boolean(),
    servers: fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 3 }),
  }),
  { maxLength: 6 },
).map((drafts) =>
  drafts.map(({ allPorts, gre6, servers }, index): ChainVip => ({
    name: `v${index}`,
    address: ip(addressOf(index)),
    allPorts,
    encap: gre6 ? "gre6" : "gre4",
    servers: servers.map((server) => ip(addressOf(server))),
  }))
);

/** Follows every packet: does it come to a ring, to too many bytes, or to a VIP with a port? */
function packetDies(vips: readonly ChainVip[], kinds: ReadonlySet<FatalChain["kind"]>): boolean {
  const follow = (at: ChainVip, before: readonly ChainVip[], bytes: number): boolean => {
    if (before.includes(at)) return kinds.has("ring");
    const sum = bytes + (at.encap === "gre6" ? 44 : 24);
    if (sum > MAX_CHAIN_BYTES && kinds.has("too-long") && !leadsToRing(vips, at)) return true;
    return at.servers.some((server) => {
      const next = vips.find((other) => other.address.text === server.text);
      if (next === undefined) return false;
      return next.allPorts ? follow(next, [...before, at], sum) : kinds.has("port-vip");
    });
  };
  return vips.some((vip) => follow(vip, [], 0));
}

function leadsToRing(vips: readonly ChainVip[], at: ChainVip): boolean {
  return packetDies(
    vips.filter((vip) => vip === at || vip.allPorts),
    new Set(["ring"]),
  );
}

Deno.test("findFatalChains() agrees with following every packet", () => {
  fc.assert(
    fc.property(someVips, (vips) => {
      const found = new Set(findFatalChains(vips).map(({ kind }) => kind));
      equal(found.has("ring"), packetDies(vips, new Set(["ring"])), "ring");
      equal(found.has("port-vip"), packetDies(vips, new Set(["port-vip"])), "port-vip");
      if (!found.has("ring")) {
        equal(found.has("too-long"), packetDies(vips, new Set(["too-long"])), "too-long");
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("without the VIPs of the reported paths, no chain is fatal", () => {
  fc.assert(
    fc.property(someVips, (vips) => {
      const named = new Set(findFatalChains(vips).flatMap(({ path }) => path));
      deepEqual(findFatalChains(vips.filter(({ name }) => !named.has(name))), []);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("each step of a path is a server of the VIP before it", () => {
  fc.assert(fc.property(someVips, (vips) => {
    for (const { path, bytes } of findFatalChains(vips)) {
      const steps = path.map((name) => vips.find((vip) => vip.name === name)!);
      for (const [index, { servers }] of steps.slice(0, -1).entries()) {
        const next = steps[index + 1]!.address.text;
        ok(servers.some(({ text }) => text === next), path.join(" "));
      }
      ok(bytes >= 24);
    }
  }));
});
