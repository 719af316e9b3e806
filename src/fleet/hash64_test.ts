import assert from "node:assert/strict";
import fc from "fast-check";
import { hash64, SetHash } from "./hash64.ts";

Deno.test("hash64() has different values for 50,000 similar texts, also in each half", () => {
  const [whole, high, low] = [new Set<bigint>(), new Set<bigint>(), new Set<bigint>()];
  const count = 50_000;
  for (let i = 0; i < count; i++) {
    const hash = hash64(`gre4 1024 10.0.${i >>> 8}.${i & 255} ${i % 101}`);
    assert.ok(hash >= 0n && hash < 1n << 64n);
    whole.add(hash);
    high.add(hash >> 32n);
    low.add(hash & 0xffffffffn);
  }
  assert.equal(whole.size, count);
  // Of 50,000 random values of 32 bits one pair or none is equal.
  assert.ok(high.size > count - 8 && low.size > count - 8, `${high.size} ${low.size}`);
});

Deno.test("hash64() changes about half of its bits with each character", () => {
  let [changed, cases] = [0, 0];
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 300 }), fc.nat(), (text, place) => {
      const at = place % text.length;
      const other = String.fromCharCode(text.charCodeAt(at) ^ 1);
      const bits = hash64(text) ^ hash64(text.slice(0, at) + other + text.slice(at + 1));
      assert.notEqual(bits, 0n);
      changed += bits.toString(2).replaceAll("0", "").length;
      cases++;
    }),
  );
  assert.ok(Math.abs(changed / cases - 32) < 3, `${changed / cases} bits on average`);
});

Deno.test("hash64() of a text never changes, because load balancers of two versions compare it", () => {
  assert.deepEqual(["", "a", "10.0.0.1 100"].map((text) => hash64(text).toString(16)), [
    "e3450601fa53cc05",
    "74edf6ef1a039f9a",
    "5ef4e8b0c43ce6fe",
  ]);
});

Deno.test("SetHash does not depend on the order, but on each member and its number", () => {
  const of = (members: readonly (readonly [string, number])[], head = "head") => {
    const set = new SetHash();
    for (const [text, number] of members) set.add(text, number);
    return set.under(head);
  };
  const member = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 100 }));
  fc.assert(
    fc.property(fc.array(member, { maxLength: 20 }), fc.nat(), fc.nat(), (members, a, b) => {
      const print = of(members);
      assert.equal(of(members.toReversed()), print);
      assert.notEqual(of(members, "other head"), print);
      if (members.length === 0) return;
      const at = a % members.length;
      const [text, number] = members[at]!;
      const others = members.filter((_, place) => place !== at);
      assert.notEqual(of(others), print, "one less");
      assert.notEqual(of([...members, members[at]!]), print, "one twice");
      assert.notEqual(of([...others, [text, number + 1]]), print, "another number");
      assert.notEqual(of([...others, [`${text}${b % 10}`, number]]), print, "another text");
      // What one member has more must not make up for what another one has less.
      if (others.length === 0 || number === others[0]![1]) return;
      const [other, rest] = [others[0]!, others.slice(1)];
      if (other[0] === text) return;
      assert.notEqual(of([...rest, [text, other[1]], [other[0], number]]), print, "swapped");
    }),
  );
});
