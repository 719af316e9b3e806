import assert from "node:assert/strict";
import { settle } from "../../tests/support/fakes/fake_clock.ts";
import { Coalesced } from "./coalesce.ts";

Deno.test("Coalesced: callers during a run share one more run, with the last argument", async () => {
  const runs: { argument: string; end: PromiseWithResolvers<string> }[] = [];
  const work = new Coalesced((argument: string) => {
    const end = Promise.withResolvers<string>();
    runs.push({ argument, end });
    return end.promise;
  });
  const first = work.run("a");
  assert.equal(work.waits, false);
  const [second, third] = [work.run("b"), work.run("c")];
  assert.equal(work.waits, true);
  await settle();
  assert.deepEqual(runs.map(({ argument }) => argument), ["a"]);
  runs[0]!.end.reject(new Error("broken"));
  await assert.rejects(first, /broken/);
  await settle();
  assert.deepEqual(runs.map(({ argument }) => argument), ["a", "c"]);
  assert.equal(work.waits, false);
  runs[1]!.end.resolve("done");
  assert.deepEqual(await Promise.all([second, third]), ["done", "done"]);
  const again = work.run("d");
  runs[2]!.end.resolve("again");
  assert.equal(await again, "again");
});

Deno.test("Coalesced: idle() resolves after the last run", async () => {
  const ends: PromiseWithResolvers<void>[] = [];
  const work = new Coalesced(() => {
    const end = Promise.withResolvers<void>();
    ends.push(end);
    return end.promise;
  });
  await work.idle();
  void work.run(undefined);
  void work.run(undefined);
  let idle = false;
  const waiting = work.idle().then(() => idle = true);
  ends[0]!.resolve();
  await settle();
  assert.equal(idle, false);
  ends[1]!.resolve();
  await waiting;
});
