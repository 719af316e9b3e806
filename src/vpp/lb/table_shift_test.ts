import assert from "node:assert/strict";
import fc from "fast-check";
import { compareIp } from "../../base/address.ts";
import { referenceTable } from "../../../tests/support/judges/reference_table.ts";
import { ip } from "../../../tests/support/fakes/vips.ts";
import { type FlowTable, TableCache, type TableShift } from "./table_shift.ts";

/** `10.0.0.1=100 10.0.0.2=50`, in address order. */
function flows(servers: string, length = 1024, srcIpSticky = false): FlowTable {
  const list = servers.split(" ").filter((word) => word !== "").map((word) => {
    const [address, weight] = word.split("=");
    return { address: ip(address!), weight: Number(weight) };
  });
  return { servers: list, length, srcIpSticky };
}

function shift(before: FlowTable | undefined, after: FlowTable | undefined): TableShift {
  return new TableCache(1 << 20).shift(before, after);
}

/** The same by brute force: the owner of every bucket by name, in tables built a second time. */
function naive(before: FlowTable, after: FlowTable): Pick<TableShift, "moved" | "lost" | "gained"> {
  const owners = ({ servers, length }: FlowTable, size: number) => {
    const table = referenceTable(servers, length);
    return Array.from({ length: size }, (_, i) => servers[table[i % length]!]?.address.text);
  };
  const size = Math.max(before.length, after.length);
  const left = owners(before, size);
  const right = owners(after, size);
  const count = (fits: (l: string | undefined, r: string | undefined) => boolean) =>
    left.filter((l, i) => fits(l, right[i])).length;
  return {
    moved: count((l, r) => l !== undefined && r !== undefined && l !== r),
    lost: count((l, r) => l !== undefined && r === undefined),
    gained: count((l, r) => l === undefined && r !== undefined),
  };
}

const FOUR = "10.0.0.1=100 10.0.0.2=100 10.0.0.3=100 10.0.0.4=100";

Deno.test("TableCache matches the buckets measured on VPP", () => {
  const tables = new TableCache(4096);
  const cases: [string, number[]][] = [
    [FOUR, [256, 256, 256, 256]],
    [FOUR.replace("1=100", "1=50"), [150, 292, 291, 291]],
    [FOUR.replace("1=100", "1=50").replace("2=100", "2=0"), [208, 0, 408, 408]],
  ];
  for (const [servers, buckets] of cases) {
    assert.deepEqual(tables.buckets(flows(servers)), buckets);
  }
});

Deno.test("TableShift: a VIP that is missing or without weight loses and gains whole tables", () => {
  const none = { length: 1024, moved: 0, lost: 0, gained: 0, rehashed: false };
  const some = flows(FOUR);
  const empty = flows("");
  const drained = flows("10.0.0.1=0 10.0.0.2=0");
  const cases: [FlowTable | undefined, FlowTable | undefined, TableShift][] = [
    [undefined, undefined, { ...none, length: 0 }],
    [undefined, some, { ...none, gained: 1024 }],
    [some, undefined, { ...none, lost: 1024 }],
    [some, drained, { ...none, lost: 1024 }],
    [empty, some, { ...none, gained: 1024 }],
    [drained, empty, none],
    [drained, undefined, none],
    [some, some, none],
    [some, flows(FOUR, 1024, false), none],
    [some, flows(`${FOUR} 10.0.0.5=0`), none],
  ];
  for (const [before, after, expected] of cases) assert.deepEqual(shift(before, after), expected);
});

Deno.test("TableShift: a removed server moves its own buckets and few others", () => {
  const { moved } = shift(flows(FOUR), flows(FOUR.replace("4=100", "4=0")));
  assert.ok(moved >= 256 && moved < 400, `${moved}`);
  assert.equal(shift(flows(FOUR), flows(FOUR.replace(" 10.0.0.4=100", ""))).moved, moved);
});

Deno.test("TableShift: different servers in the same buckets count as moved", () => {
  const other = FOUR.replaceAll("10.0.0.", "10.0.9.");
  assert.deepEqual(shift(flows(FOUR), flows(other)).moved, 1024);
});

Deno.test("TableShift: when src-ip-sticky changes, buckets stay by chance only", () => {
  const sticky = (servers: string, length = 1024) => flows(servers, length, true);
  const rehashed = { length: 1024, lost: 0, gained: 0, rehashed: true };
  assert.deepEqual(shift(flows(FOUR), sticky(FOUR)), { ...rehashed, moved: 768 });
  assert.deepEqual(shift(sticky(FOUR), flows("10.0.0.1=1")), { ...rehashed, moved: 768 });
  assert.deepEqual(shift(flows("10.0.0.1=1"), sticky("10.0.0.1=9", 64)), { ...rehashed, moved: 0 });
  assert.deepEqual(shift(flows("10.0.0.1=1"), sticky("10.0.0.2=1")), { ...rehashed, moved: 1024 });
  assert.deepEqual(shift(flows(FOUR), sticky("10.0.0.1=0")), {
    ...rehashed,
    moved: 0,
    lost: 1024,
    rehashed: false,
  });
});

const address = fc.oneof(
  fc.integer({ min: 0, max: 40 }).map((n) => ip(`10.0.0.${n}`)),
  fc.integer({ min: 0, max: 40 }).map((n) => ip(`2001:db8::${n.toString(16)}`)),
);
const weight = fc.oneof(fc.constantFrom(0, 100), fc.integer({ min: 0, max: 100 }));
const tables: fc.Arbitrary<FlowTable> = fc.record({
  servers: fc.uniqueArray(fc.record({ address, weight }), {
    maxLength: 16,
    selector: (server) => server.address.text,
  }).map((list) => list.sort((a, b) => compareIp(a.address, b.address))),
  length: fc.integer({ min: 0, max: 9 }).map((exponent) => 1 << exponent),
  srcIpSticky: fc.constant(false),
});

Deno.test("TableShift equals a comparison of two independently built tables", () => {
  // One cache for all, with room for few tables, so that some are evicted.
  const cache = new TableCache(1024);
  fc.assert(
    fc.property(tables, tables, fc.boolean(), (before, other, sameServers) => {
      const after = sameServers
        ? { ...before, servers: before.servers.map((s, i) => i === 0 ? { ...s, weight: 37 } : s) }
        : other;
      const { length, rehashed, ...counts } = cache.shift(before, after);
      assert.deepEqual(counts, naive(before, after));
      assert.deepEqual([length, rehashed], [Math.max(before.length, after.length), false]);
    }),
    { numRuns: 300 },
  );
});
