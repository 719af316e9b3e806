import assert from "node:assert/strict";
import { Pool } from "./pool.ts";

Deno.test("Pool reuses the slot freed last first, with its old content", () => {
  const pool = new Pool<string>();
  for (const name of ["a", "b", "c", "d"]) pool.take(() => name);
  pool.put(1);
  pool.put(3);
  assert.deepEqual([...pool.entries()], [[0, "a"], [2, "c"]]);
  assert.equal(pool.at(1), undefined);
  const left: (string | undefined)[] = [];
  const next = (name: string) =>
    pool.take((_index, was) => {
      left.push(was);
      return name;
    });
  assert.deepEqual([next("e"), next("f"), next("g")], [3, 1, 4]);
  assert.deepEqual(left, ["d", "b", undefined]);
  assert.deepEqual([...pool], ["a", "f", "c", "e", "g"]);
  assert.equal(pool.size, 5);
});

Deno.test("Pool refuses to free a slot twice", () => {
  const pool = new Pool<number>();
  pool.put(pool.take(() => 1));
  assert.throws(() => pool.put(0), /slot 0 is in use/);
});
