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

Deno.test("Coalesced: a call from within the work waits for one more run", async () => {
  const runs: string[] = [];
  let inner: Promise<string> | undefined;
  const work = new Coalesced((argument: string) => {
    runs.push(argument);
    if (argument === "outer") inner = work.run("inner");
    return Promise.resolve(argument);
  });
  const outer = work.run("outer");
  assert.deepEqual([runs, work.waits], [["outer"], true]);
  assert.deepEqual([await outer, await inner], ["outer", "inner"]);
  assert.deepEqual(runs, ["outer", "inner"]);
});

Deno.test("Coalesced: work that throws rejects, and the next run begins", async () => {
  const work = new Coalesced((argument: string): Promise<string> => {
    if (argument === "bad") throw new Error("broken");
    return Promise.resolve(argument);
  });
  const first = assert.rejects(work.run("bad"), /broken/);
  const second = work.run("good");
  await first;
  assert.equal(await second, "good");
  await work.idle();
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
