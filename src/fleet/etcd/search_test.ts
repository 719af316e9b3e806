/** A search over servers in memory. Goal: one that hangs, or has no leader, delays no other one. */
import assert from "node:assert/strict";
import { MaglevError } from "../../base/errors.ts";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import type { EtcdCalls } from "./calls.ts";
import { ServerSearch } from "./search.ts";

type Answer = "answers" | "hangs" | "fails";

/** A search; the attempts of server N have the answers of `servers[N]`, the last one repeated. */
function search(servers: readonly (readonly Answer[])[]) {
  const clock = new FakeClock();
  const seen = { found: [] as number[], away: [] as number[], attempts: 0, open: 0 };
  const made = new ServerSearch({
    order: servers.map((_, at) => at),
    key: "/maglev/edge/",
    clock,
    open(at) {
      const answers = servers[at]!;
      const attempt = tries[at]!++;
      const answer = answers[Math.min(attempt, answers.length - 1)]!;
      seen.attempts++;
      seen.open++;
      let isOpen = true;
      let reject: (error: MaglevError) => void = () => {};
      const calls = {
        unary: () =>
          new Promise((resolve, fail) => {
            reject = fail;
            if (answer === "answers") resolve({});
            if (answer === "fails") fail(new MaglevError("unavailable", "no leader"));
          }),
        close() {
          if (isOpen) seen.open--;
          isOpen = false;
          reject(new MaglevError("unavailable", "closed"));
        },
      };
      return Promise.resolve(calls as unknown as EtcdCalls);
    },
    onAway: (at) => void seen.away.push(at),
    onFound: (at) => void seen.found.push(at),
  });
  const tries = servers.map(() => 0);
  return { clock, seen, search: made };
}

Deno.test("ServerSearch: a server that hangs keeps no other one waiting", async () => {
  const { clock, seen } = search([["hangs"], ["fails", "fails", "answers"], ["fails"]]);
  await clock.advanceAsync(1000);
  assert.deepEqual(seen.found, [1]);
  assert.deepEqual(seen.away, []);
  // All others are closed, and nothing goes on.
  assert.equal(seen.open, 1);
  const { attempts } = seen;
  await clock.advanceAsync(60_000);
  assert.equal(seen.attempts, attempts);
});

Deno.test("ServerSearch: the preferred server is found when it answers", async () => {
  const { clock, seen } = search([["answers"], ["answers"]]);
  await clock.advanceAsync(1000);
  assert.deepEqual([seen.found, seen.attempts], [[0], 1]);
});

Deno.test("ServerSearch: without an answer it tries on, ever more slowly, until it is stopped", async () => {
  const { clock, seen, search: made } = search([["fails"], ["fails"], ["fails"]]);
  await clock.advanceAsync(60_000);
  assert.ok(seen.attempts <= 3 * 34, `${seen.attempts} attempts`);
  assert.ok(seen.away.length > 0);
  made.stop();
  const { attempts } = seen;
  await clock.advanceAsync(60_000);
  assert.deepEqual([seen.attempts, seen.open], [attempts, 0]);
});
