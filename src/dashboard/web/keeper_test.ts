/// <reference lib="deno.ns" />
import assert from "node:assert/strict";
import { Keeper, type KeptView } from "./keeper.ts";

/** A keeper whose loads are answered by `answer`, with a clock that the test sets. */
function world(answer: () => string) {
  const state = { nowMs: 0, answer, loads: 0, view: undefined as KeptView<string> | undefined };
  const keeper = new Keeper<string>({
    load: async () => {
      state.loads++;
      await Promise.resolve();
      return state.answer();
    },
    isForGood: (error) => (error as Error).message === "too old",
    show: (view) => state.view = view,
    steadyMs: () => state.nowMs,
    againMs: 5000,
  });
  const pass = async (ms: number) => {
    state.nowMs += ms;
    keeper.tick();
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  const change = async () => {
    keeper.changed();
    await pass(0);
  };
  return { keeper, state, pass, change };
}

function fail(message: string): never {
  throw new Error(message);
}

Deno.test("a value that cannot be loaded again is kept as an old one, until it can", async () => {
  const { state, pass, change } = world(() => "first");
  await change();
  assert.deepEqual(state.view, { value: "first", missing: "", ofMs: 0 });
  await pass(1000);
  state.answer = () => fail("no answer within 15 s");
  await pass(5000);
  assert.deepEqual(state.view, { value: "first", missing: "no answer within 15 s", ofMs: 1000 });
  await pass(5000);
  assert.deepEqual(state.view, { value: "first", missing: "no answer within 15 s", ofMs: 1000 });
  state.answer = () => "second";
  await pass(5000);
  assert.deepEqual(state.view, { value: "second", missing: "", ofMs: 16_000 });
});

Deno.test("after a change, a value that cannot be loaded is not kept", async () => {
  const { state, pass, change } = world(() => "first");
  await change();
  await pass(1000);
  state.answer = () => fail("busy");
  await pass(2000);
  await change();
  assert.deepEqual([state.view?.value, state.view?.missing], [undefined, "busy"]);
});

Deno.test("what is too old to answer is asked again only after a change, and has no value", async () => {
  const { state, pass, change } = world(() => "first");
  await change();
  await pass(1000);
  state.answer = () => fail("too old");
  await pass(5000);
  assert.deepEqual([state.view?.value, state.view?.missing], [undefined, "too old"]);
  const { loads } = state;
  for (let second = 0; second < 60; second++) await pass(1000);
  assert.equal(state.loads, loads);
  await change();
  assert.equal(state.loads, loads + 1);
});

Deno.test("a key that changes without end is loaded once a second; a closed one is not loaded", async () => {
  const { keeper, state, pass, change } = world(() => "x");
  for (let at = 0; at < 100; at++) {
    await change();
    await pass(100);
  }
  assert.ok(state.loads >= 9 && state.loads <= 11, `${state.loads} in ten seconds`);
  keeper.close();
  const { loads, view } = state;
  await pass(60_000);
  assert.deepEqual([state.loads, state.view], [loads, view]);
});
