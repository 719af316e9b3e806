/** The whole system from one seed: nothing that must always be true is broken, and runs repeat. */
import assert from "node:assert/strict";
import { actionsOf, actionText } from "./scenario/actions.ts";
import { runSeed } from "./run.ts";
import { shrink } from "./shrink.ts";

const SEEDS = 200;

Deno.test(`${SEEDS} simulated worlds break nothing`, async () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const result = await runSeed({ seed });
    if (result.failure === undefined) continue;
    const shrunk = await shrink(actionsOf(seed), result);
    const { invariant, message } = shrunk.result.failure!;
    const steps = shrunk.actions.map(actionText).join("\n  ");
    assert.fail(
      `seed ${seed}: "${invariant}" is broken: ${message}\n  ${steps}\n` +
        `deno task simulate --seed ${seed} --steps "${shrunk.places.join(",")}" --trace`,
    );
  }
});

Deno.test("a seed has the same trace each time", async () => {
  for (const seed of [3, 11]) {
    const [first, second] = [await runSeed({ seed }), await runSeed({ seed })];
    assert.equal(first.hash, second.hash);
    assert.ok(first.lines > 100, `${first.lines} lines`);
  }
});
