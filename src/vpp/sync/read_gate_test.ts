/** Goal: one read a second, and the reconciler never waits for viewers longer than that. */
import assert from "node:assert/strict";
import { FakeClock, settle } from "../../../tests/support/fakes/fake_clock.ts";
import { READ_EVERY_MS, ReadGate, type ReadPurpose } from "./read_gate.ts";

/** A gate, and the reads that began, with their times. */
function setUp() {
  const clock = new FakeClock();
  const gate = new ReadGate(clock);
  const startMs = clock.monotonicMs();
  const begun: string[] = [];
  const read = async (purpose: ReadPurpose, name: string = purpose) => {
    const turn = gate.turn(purpose);
    if (turn !== undefined) await turn;
    begun.push(`${clock.monotonicMs() - startMs} ${name}`);
  };
  return { clock, gate, begun, read };
}

Deno.test("reads of one purpose begin a second apart, in order", async () => {
  const { clock, begun, read } = setUp();
  for (const name of ["a", "b", "c"]) void read("state", name);
  await clock.advanceAsync(3 * READ_EVERY_MS);
  assert.deepEqual(begun, ["0 a", "1000 b", "2000 c"]);
  void read("state", "d");
  await settle();
  assert.deepEqual(begun.at(-1), "3000 d");
  assert.equal(clock.timers, 0);
});

Deno.test("the reconciler waits a second at most, however many viewers wait", async () => {
  const { clock, begun, read } = setUp();
  for (let viewer = 0; viewer < 50; viewer++) void read("viewer");
  void read("state");
  void read("indices");
  await clock.advanceAsync(2 * READ_EVERY_MS);
  assert.deepEqual(begun, ["0 viewer", "1000 state", "2000 indices"]);
  await clock.advanceAsync(60 * READ_EVERY_MS);
  assert.equal(begun.length, 52, "the viewers' turns come");
  assert.equal(clock.timers, 0);
});

Deno.test("a reading for a viewer does not count as the reconciler's", async () => {
  const { clock, gate, read } = setUp();
  await read("viewer");
  assert.equal(gate.recent, false);
  void read("state");
  await clock.advanceAsync(READ_EVERY_MS);
  assert.equal(gate.recent, true);
  await clock.advanceAsync(READ_EVERY_MS);
  assert.equal(gate.recent, false);
});

Deno.test("the end of the connection ends all waits, and leaves no timer", async () => {
  const { clock, gate, begun, read } = setUp();
  for (const purpose of ["state", "viewer", "indices"] as const) void read(purpose);
  gate.close();
  await settle();
  assert.equal(begun.length, 3);
  assert.equal(clock.timers, 0);
});
