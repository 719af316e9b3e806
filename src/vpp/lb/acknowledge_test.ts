import assert from "node:assert/strict";
import { actual, desired, ip } from "../../../tests/support/fakes/vips.ts";
import { acknowledge } from "./acknowledge.ts";
import type { Operation } from "./model.ts";

const vip = desired("192.0.2.1", "", { srcIpSticky: true, newFlowsTableLength: 65536 });
const calm = { flushing: () => false };

Deno.test("acknowledge() of vip-add returns an empty VIP with the requested fields", () => {
  assert.deepEqual(
    acknowledge(undefined, { kind: "vip-add", vip }, calm),
    actual("192.0.2.1", "", { srcIpSticky: true, newFlowsTableLength: 0 }),
  );
});

Deno.test("acknowledge() of vip-del returns undefined", () => {
  const known = actual("192.0.2.1", "10.0.0.1=1");
  assert.equal(acknowledge(known, { kind: "vip-del", vip: known }, calm), undefined);
});

Deno.test("acknowledge() of as-add inserts the server in address order", () => {
  let known = acknowledge(undefined, { kind: "vip-add", vip }, calm);
  for (const address of ["10.0.0.10", "10.0.0.9", "10.0.0.1", "10.0.0.11", "10.0.0.9"]) {
    const operation: Operation = { kind: "as-add", vip, address: ip(address), weight: 5 };
    known = acknowledge(known, operation, calm);
  }
  assert.deepEqual(known!.servers.map((server) => server.address.text), [
    "10.0.0.1",
    "10.0.0.9",
    "10.0.0.10",
    "10.0.0.11",
  ]);
});

Deno.test("acknowledge() remembers whether the server may still have flows", () => {
  const known = actual("192.0.2.1", "10.0.0.1=100");
  const cut: Operation = {
    kind: "as-weight",
    vip,
    address: ip("10.0.0.1"),
    weight: 0,
    previousWeight: 100,
    flush: true,
  };
  assert.equal(acknowledge(known, cut, { flushing: () => true })!.servers[0]!.flushed, true);
  assert.equal(acknowledge(known, { ...cut, flush: false }, calm)!.servers[0]!.flushed, false);
  assert.equal(known.servers[0]!.weight, 100);
});

Deno.test("acknowledge() of as-del removes only that server", () => {
  const known = actual("192.0.2.1", "10.0.0.1=1 10.0.0.2=2");
  const address = ip("10.0.0.1");
  for (const flush of [true, false]) {
    const operation: Operation = { kind: "as-del", vip, address, weight: 1, flush };
    assert.deepEqual(
      acknowledge(known, operation, calm),
      actual("192.0.2.1", "10.0.0.2=2", { removed: [{ address, flushed: flush }] }),
    );
  }
});

Deno.test("acknowledge() keeps a removed server until it is flushed or added again", () => {
  const address = ip("10.0.0.1");
  const known = actual("192.0.2.1", "", { removed: [{ address, flushed: false }] });
  const flushed = acknowledge(known, { kind: "as-flush", vip, address }, calm);
  assert.deepEqual(flushed!.removed, [{ address, flushed: true }]);
  const back = acknowledge(flushed, { kind: "as-add", vip, address, weight: 100 }, calm);
  assert.deepEqual(back, actual("192.0.2.1", "10.0.0.1=100"));
});

Deno.test("acknowledge() marks servers without flows: added or flushed with weight 0", () => {
  const wishes = { flushing: (address: string) => address === "10.0.0.2" };
  const vip = desired("192.0.2.1");
  let known = actual("192.0.2.1", "10.0.0.1=100 10.0.0.2=100 10.0.0.3=0");
  const idle = () => known.servers.filter((s) => s.idle).map((s) => s.address.text);
  const weigh = (address: string, weight: number, flush = false) => {
    known = acknowledge(known, {
      kind: "as-weight",
      vip,
      address: ip(address),
      weight,
      previousWeight: 0,
      flush,
    }, wishes)!;
  };
  assert.deepEqual(idle(), []);
  weigh("10.0.0.1", 0);
  weigh("10.0.0.2", 0, true);
  assert.deepEqual(idle(), ["10.0.0.2"]);
  weigh("10.0.0.2", 5);
  weigh("10.0.0.2", 0);
  assert.deepEqual(idle(), []);
  known = acknowledge(known, { kind: "vip-flush", vip, reason: "all-servers" }, wishes)!;
  assert.deepEqual(idle(), ["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
  assert.deepEqual(known.servers.map((s) => s.flushed), [false, true, false]);
});
