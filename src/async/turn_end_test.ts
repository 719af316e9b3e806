import assert from "node:assert/strict";
import { atTurnEnd } from "./turn_end.ts";

Deno.test("atTurnEnd() runs functions in order after the promises of this turn, and later ones later", async () => {
  const order: string[] = [];
  const done = Promise.withResolvers<void>();
  atTurnEnd(() => {
    order.push("first");
    atTurnEnd(() => {
      order.push("later");
      done.resolve();
    });
  });
  for (let hops = 0; hops < 20; hops++) await Promise.resolve();
  order.push("promises");
  atTurnEnd(() => order.push("second"));
  await done.promise;
  assert.deepEqual(order, ["promises", "first", "second", "later"]);
});
