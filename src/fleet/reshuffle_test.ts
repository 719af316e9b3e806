/** What a reshuffle costs, against flows that are followed one by one. */
import assert from "node:assert/strict";
import { mulberry32 } from "../../tests/support/fakes/mulberry32.ts";
import { referenceTable } from "../../tests/support/judges/reference_table.ts";
import { ip } from "../../tests/support/fakes/vips.ts";
import { wall } from "../../tests/support/fakes/instants.ts";
import type { WallMs } from "../base/instant.ts";
import { Tables } from "./difference.ts";
import { type AgeCost, reshuffleCost, sharesByAge } from "./reshuffle.ts";
import { NO_TABLE, type PastTable, type VipTable } from "./side.ts";

/** Weights of 10.0.0.1 and so on. */
function table(weights: readonly number[], length = 64): VipTable {
  const servers = weights.map((weight, at) => ({ address: `10.0.0.${at + 1}`, weight }));
  return { encap: "gre4", srcIpSticky: false, length, servers };
}

function past(...tables: readonly VipTable[]): PastTable[] {
  return tables.map((table, at) => ({ sinceMs: wall(1000 * at), table }));
}

/** The server of each hash, by another implementation of the table. */
function owners({ servers, length }: VipTable): (string | undefined)[] {
  if (length === 0) return [];
  const given = servers.map(({ address, weight }) => ({ address: ip(address), weight }));
  return [...referenceTable(given, length)].map((place) => servers[place]?.address);
}

Deno.test("reshuffleCost() foretells each flow that lands elsewhere, for random pasts", () => {
  const random = mulberry32(11);
  const weight = () => random() < 0.3 ? 0 : Math.floor(random() * 101);
  let broken = 0;
  for (let round = 0; round < 500; round++) {
    const servers = 1 + Math.floor(random() * 6);
    const length = 2 ** (3 + Math.floor(random() * 6));
    const next = () => table(Array.from({ length: servers }, weight), length);
    const tables = past(...Array.from({ length: 1 + Math.floor(random() * 5) }, next));
    const now = random() < 0.1 ? NO_TABLE : next();
    const costs = reshuffleCost(tables, now, new Tables());
    const there = owners(now);
    for (const [at, { sinceMs, table }] of tables.entries()) {
      const elsewhere = owners(table).filter((server, hash) =>
        server !== undefined && there[hash] !== server
      ).length;
      const endMs = tables[at + 1]?.sinceMs;
      const cost = costs.find(({ fromMs, toMs }) =>
        fromMs <= sinceMs && (toMs === undefined || (endMs !== undefined && endMs <= toMs))
      );
      assert.deepEqual(cost?.breaking, { buckets: elsewhere, length }, `round ${round}`);
      broken += elsewhere;
    }
  }
  assert.ok(broken > 1000);
});

Deno.test("reshuffleCost() joins spans of equal cost, and begins with the newest", () => {
  const full = table([100, 100]);
  const half = table([100, 0]);
  const short = (costs: readonly AgeCost[]) =>
    costs.map(({ fromMs, toMs, breaking }) => [fromMs, toMs, breaking!.buckets > 0]);
  assert.deepEqual(short(reshuffleCost(past(full, half, full), full, new Tables())), [
    [2000, undefined, false],
    [1000, 2000, true],
    [0, 1000, false],
  ]);
  assert.deepEqual(short(reshuffleCost(past(full, full), full, new Tables())), [
    [0, undefined, false],
  ]);
  assert.deepEqual(reshuffleCost([], full, new Tables()), []);
  const unknown = reshuffleCost(past(full), full, new Tables(10));
  assert.deepEqual(unknown.map(({ breaking }) => breaking), [undefined]);
});

Deno.test("sharesByAge() has the mean and the worst VIP of each span of time", () => {
  const cost = (fromMs: number, toMs: number | undefined, buckets: number): AgeCost => ({
    fromMs: wall(fromMs),
    toMs: toMs as WallMs | undefined,
    breaking: { buckets, length: 100 },
  });
  const rows = sharesByAge([
    { vip: "a", costs: [cost(50, undefined, 0), cost(20, 50, 50), cost(10, 20, 0)] },
    { vip: "b", costs: [cost(30, undefined, 0), cost(5, 30, 25)] },
  ], 4);
  assert.deepEqual(rows, [
    { fromMs: 50, toMs: undefined, mean: 0, worst: 0, worstVip: "" },
    { fromMs: 30, toMs: 50, mean: 0.125, worst: 0.5, worstVip: "a" },
    { fromMs: 20, toMs: 30, mean: 0.1875, worst: 0.5, worstVip: "a" },
    // Older flows of a are not known.
    { fromMs: 10, toMs: 20, mean: 0.0625, worst: 0.25, worstVip: "b" },
  ]);
  assert.deepEqual(sharesByAge([], 4), []);
});
