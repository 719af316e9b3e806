import assert from "node:assert/strict";
import { Emitter } from "./emitter.ts";

function failNever(error: unknown): never {
  throw error;
}

Deno.test("Emitter delivers all events to all subscribers in one order; events emitted during delivery come last", () => {
  const emitter = new Emitter<number>(failNever);
  const heard: string[] = [];
  emitter.subscribe((n) => {
    heard.push(`a${n}`);
    if (n === 1) emitter.emit([10, 11]);
  });
  emitter.subscribe((n) => heard.push(`b${n}`));
  emitter.emit([1, 2]);
  assert.deepEqual(heard, ["a1", "b1", "a2", "b2", "a10", "b10", "a11", "b11"]);
});

Deno.test("Emitter: a subscriber that throws still gets later events, and the others get all", () => {
  const failures: string[] = [];
  const emitter = new Emitter<number>((error) => failures.push((error as Error).message));
  const heard: string[] = [];
  emitter.subscribe((n) => {
    heard.push(`a${n}`);
    throw new Error(`broken ${n}`);
  });
  emitter.subscribe((n) => heard.push(`b${n}`));
  emitter.emit([1, 2]);
  assert.deepEqual(heard, ["a1", "b1", "a2", "b2"]);
  assert.deepEqual(failures, ["broken 1", "broken 2"]);
});

Deno.test("Emitter: unsubscribing ends delivery, even from within; subscribing twice delivers twice", () => {
  const emitter = new Emitter<number>(failNever);
  const heard: string[] = [];
  const listener = (n: number) => heard.push(`x${n}`);
  const first = emitter.subscribe(listener);
  emitter.subscribe(listener);
  const once = emitter.subscribe((n) => {
    heard.push(`once${n}`);
    once();
  });
  emitter.emit([1]);
  first();
  first();
  emitter.emit([2]);
  assert.deepEqual(heard, ["x1", "x1", "once1", "x2"]);
});

Deno.test("Emitter: a subscriber added during delivery gets the next event first", () => {
  const emitter = new Emitter<number>(failNever);
  const heard: string[] = [];
  emitter.subscribe((n) => {
    if (n === 1) emitter.subscribe((m) => heard.push(`late${m}`));
  });
  emitter.emit([1, 2]);
  assert.deepEqual(heard, ["late2"]);
});
