import assert from "node:assert/strict";
import { wall } from "../../../../tests/support/fakes/instants.ts";
import { actual } from "../../../../tests/support/fakes/vips.ts";
import { MAX_TABLES, TablePast } from "./table_past.ts";

const KEY = "web";
const web = (servers: string, shape: Parameters<typeof actual>[2] = {}) =>
  actual("192.0.2.1", servers, shape);

function short(past: TablePast): string[] {
  return past.of(KEY).map(({ sinceMs, addresses, weights }) =>
    `${sinceMs} ${addresses.map((address, at) => `${address}=${weights[at]}`).join(" ")}`
  );
}

Deno.test("TablePast keeps each table with its beginning, and none twice", () => {
  const past = new TablePast();
  const at = (ms: number, servers: string) => past.note(KEY, web(servers), wall(ms));
  at(1000, "10.0.0.1=100 10.0.0.2=100");
  at(2000, "10.0.0.1=100 10.0.0.2=100");
  at(3000, "10.0.0.1=0 10.0.0.2=100");
  at(4000, "10.0.0.2=100");
  assert.deepEqual(short(past), [
    "1000 10.0.0.1=100 10.0.0.2=100",
    "3000 10.0.0.1=0 10.0.0.2=100",
    "4000 10.0.0.2=100",
  ]);
  const [first, second] = past.of(KEY);
  assert.equal(first!.addresses, second!.addresses, "equal servers are kept once");
  past.note(KEY, web("10.0.0.2=100", { srcIpSticky: true }), wall(5000));
  past.note(KEY, web("10.0.0.2=100", { newFlowsTableLength: 64 }), wall(6000));
  assert.equal(past.of(KEY).length, 5);
  past.note(KEY, undefined, wall(7000));
  assert.deepEqual(past.of(KEY), []);
});

Deno.test("TablePast takes the operations of one change as one table", () => {
  const past = new TablePast();
  past.note(KEY, web(""), wall(1000));
  past.note(KEY, web("10.0.0.1=100"), wall(1001));
  past.note(KEY, web("10.0.0.1=100 10.0.0.2=50"), wall(1099));
  assert.deepEqual(short(past), ["1000 10.0.0.1=100 10.0.0.2=50"]);
  past.note(KEY, web("10.0.0.1=100"), wall(1100));
  // The clock was set back.
  past.note(KEY, web("10.0.0.1=50"), wall(500));
  assert.deepEqual(short(past), ["1000 10.0.0.1=100 10.0.0.2=50", "1100 10.0.0.1=50"]);
});

Deno.test("TablePast keeps the newest tables", () => {
  const past = new TablePast();
  for (let i = 0; i < MAX_TABLES + 3; i++) past.note(KEY, web(`10.0.0.1=${i}`), wall(1000 * i));
  const tables = past.of(KEY);
  assert.equal(tables.length, MAX_TABLES);
  assert.equal(tables[0]!.weights[0], 3);
  assert.equal(tables.at(-1)!.weights[0], MAX_TABLES + 2);
});
