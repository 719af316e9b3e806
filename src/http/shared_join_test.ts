import assert from "node:assert/strict";
import { SharedJoin } from "./shared_join.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (joined: Uint8Array) => new TextDecoder().decode(joined);

Deno.test("SharedJoin joins, and gives the same pieces the same result", () => {
  const join = new SharedJoin();
  const [a, b, c] = [bytes("a"), bytes("bb"), bytes("c")];
  const first = join.of([a, b]);
  assert.equal(textOf(first), "abb");
  assert.equal(join.of([a, b]), first);
  assert.equal(textOf(join.of([a, b, c])), "abbc");
  assert.equal(textOf(join.of([b, a])), "bba", "another order");
  assert.equal(textOf(join.of([a])), "a");
  // Equal content is not enough: a piece of another stream may be one that is still written to.
  assert.notEqual(join.of([bytes("a"), b]), join.of([a, b]));
  assert.equal(textOf(join.of([])), "");
});
