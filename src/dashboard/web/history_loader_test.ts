/// <reference lib="deno.ns" />
import assert from "node:assert/strict";
import type { TimelinePage } from "../protocol.ts";
import { HistoryLoader, type HistoryView } from "./history_loader.ts";

const TARGET = { lb: "lb1" };

/** `count` records, the newest with this id. */
function pageOf(newest: number, count = 100): TimelinePage {
  const ids = Array.from({ length: Math.min(count, newest) }, (_, at) => newest - at);
  const oldest = ids.at(-1) ?? 1;
  return {
    records: ids.map((id) => ({ id, at_ms: id, event: "e", attributes: {} })),
    ...(oldest > 1 ? { next_before: oldest } : {}),
  };
}

/** A loader whose requests are answered by `answer`, with a clock that the test sets. */
function world(answer: (before: number | undefined) => TimelinePage) {
  const asked: (number | undefined)[] = [];
  const state = { nowMs: 0, answer, view: undefined as HistoryView | undefined };
  const loader = new HistoryLoader({
    load: async (_, before) => {
      asked.push(before);
      await Promise.resolve();
      return state.answer(before);
    },
    isForGood: (error) => (error as Error).message === "too old",
    show: (view) => state.view = view,
    steadyMs: () => state.nowMs,
  });
  const tick = async (afterMs: number, newest: number) => {
    state.nowMs += afterMs;
    loader.tick(newest);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  return { loader, state, asked, tick };
}

function fail(message: string): never {
  throw new Error(message);
}

Deno.test("newer records are looked for after an event, every two seconds at most", async () => {
  const { loader, state, asked, tick } = world(() => pageOf(3));
  await loader.open(TARGET, 7);
  assert.equal(state.view?.shown?.records.length, 3);
  await tick(10_000, 7);
  assert.equal(asked.length, 1, "nothing happened");
  await tick(0, 8);
  await tick(1999, 9);
  assert.equal(asked.length, 2);
  await tick(1, 9);
  assert.equal(asked.length, 3);
});

Deno.test("after a failure it is asked again in five seconds, without an event", async () => {
  const { loader, state, asked, tick } = world(() => fail("no answer within 15 s"));
  await loader.open(TARGET, 7);
  assert.equal(state.view?.error, "no answer within 15 s");
  assert.equal(state.view?.busy, false);
  await tick(4999, 8);
  assert.equal(asked.length, 1);
  state.answer = () => pageOf(3);
  await tick(1, 8);
  assert.equal(state.view?.error, "");
  assert.equal(state.view?.shown?.records.length, 3);
  await tick(60_000, 8);
  assert.equal(asked.length, 2);
});

Deno.test("a maglevd that is too old is not asked again, until something else is opened", async () => {
  const { loader, asked, tick } = world(() => fail("too old"));
  await loader.open(TARGET, 1);
  for (let second = 2; second < 60; second++) await tick(1000, second);
  assert.equal(asked.length, 1);
  await loader.open({ lb: "lb2" }, 60);
  assert.equal(asked.length, 2);
});

Deno.test("fifty pages of older records: a thousand are kept, none is missed, and the way back is one step", async () => {
  const { loader, state, asked, tick } = world((before) => pageOf(before ? before - 1 : 5000));
  await loader.open(TARGET, 0);
  const read = new Set<number>();
  for (let page = 0; page < 60; page++) {
    for (const { id } of state.view!.shown!.records) read.add(id);
    await loader.older();
  }
  assert.equal(read.size, 5000);
  const { shown } = state.view!;
  assert.equal(shown!.records.length, 1000);
  assert.deepEqual([shown!.records.at(-1)!.id, shown!.before], [1, undefined]);
  assert.ok(shown!.isCutInFront);
  const { length } = asked;
  await tick(60_000, 1);
  assert.equal(asked.length, length, "newer ones would leave a gap");
  await loader.newest();
  assert.deepEqual(state.view!.shown!.records.length, 100);
  assert.ok(!state.view!.shown!.isCutInFront);
  await tick(60_000, 2);
  assert.equal(asked.length, length + 2);
});

Deno.test("a history that stays open keeps a thousand records, and has older ones on request", async () => {
  let newest = 100;
  const { loader, state, asked, tick } = world((before) => pageOf(before ? before - 1 : newest));
  await loader.open(TARGET, newest);
  for (; newest < 3000; newest += 50) await tick(2000, newest);
  const { shown } = state.view!;
  assert.equal(shown!.records.length, 1000);
  assert.equal(shown!.before, shown!.records.at(-1)!.id);
  await loader.older();
  assert.equal(asked.at(-1), shown!.before);
  const after = state.view!.shown!;
  assert.equal(after.records.length, 1000);
  assert.equal(after.records.at(-1)!.id, shown!.before! - 100);
  assert.ok(after.isCutInFront);
});

Deno.test("a late page of another history is not shown", async () => {
  const first = Promise.withResolvers<TimelinePage>();
  const views: HistoryView[] = [];
  const loader = new HistoryLoader({
    load: ({ lb }) => lb === "lb1" ? first.promise : Promise.resolve(pageOf(2)),
    isForGood: () => false,
    show: (view) => views.push(view),
    steadyMs: () => 0,
  });
  const late = loader.open(TARGET, 0);
  await loader.open({ lb: "lb2" }, 0);
  first.resolve(pageOf(9));
  await late;
  assert.equal(views.at(-1)!.shown!.records.length, 2);
});
