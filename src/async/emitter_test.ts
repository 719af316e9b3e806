import assert from "node:assert/strict";
import { Emitter } from "./emitter.ts";

function failNever(error: unknown): never {
  throw error;
}

Deno.test("Emitter: all hear all events in the same order, those caused while telling come last", () => {
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

Deno.test("Emitter: one that throws does not keep the others from hearing, nor itself from later events", () => {
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

Deno.test("Emitter: unsubscribing ends it, also from within; subscribing twice hears twice", () => {
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

Deno.test("Emitter: whoever subscribes while it tells hears from the next event on", () => {
  const emitter = new Emitter<number>(failNever);
  const heard: string[] = [];
  emitter.subscribe((n) => {
    if (n === 1) emitter.subscribe((m) => heard.push(`late${m}`));
  });
  emitter.emit([1, 2]);
  assert.deepEqual(heard, ["late2"]);
});
