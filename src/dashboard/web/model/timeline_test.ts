import assert from "node:assert/strict";
import type { TimelinePage } from "../../protocol.ts";
import { MAX_RECORDS, type Timeline, whatOf, withNewest, withOlder } from "./timeline.ts";

/** A page with these ids. */
const page = (ids: readonly number[], next_before?: number): TimelinePage => ({
  records: ids.map((id) => ({ id, at_ms: id, event: "e", attributes: {} })),
  ...(next_before === undefined ? {} : { next_before }),
});
const idsOf = ({ records, before }: Timeline) => [records.map(({ id }) => id), before];

Deno.test("pages of the history are put together without a gap and without a record twice", () => {
  let shown = withNewest(undefined, page([9, 8, 7], 7));
  shown = withOlder(shown, page([6, 5]));
  assert.deepEqual(idsOf(shown), [[9, 8, 7, 6, 5], undefined]);
  assert.deepEqual(idsOf(withNewest(shown, page([11, 10, 9], 9))), [
    [11, 10, 9, 8, 7, 6, 5],
    undefined,
  ]);
  assert.deepEqual(idsOf(withNewest(shown, page([9, 8, 7], 7))), idsOf(shown), "nothing new");
});

Deno.test("after a gap, or when the history began again, only the newest page is shown", () => {
  const shown = withNewest(undefined, page([9, 8]));
  assert.deepEqual(idsOf(withNewest(shown, page([15, 14], 14))), [[15, 14], 14]);
  assert.deepEqual(idsOf(withNewest(shown, page([2, 1]))), [[2, 1], undefined]);
  assert.deepEqual(idsOf(withNewest(shown, page([]))), [[], undefined]);
  const empty = withNewest(undefined, page([]));
  assert.deepEqual(idsOf(withNewest(empty, page([1]))), [[1], undefined]);
});

Deno.test("a thousand records are kept: older ones take the place of the newest, and the other way", () => {
  const ids = (newest: number, count: number) =>
    Array.from({ length: count }, (_, at) => newest - at);
  const full = withNewest(undefined, page(ids(5000, MAX_RECORDS), 4001));
  assert.ok(!full.isCutInFront);
  const older = withOlder(full, page(ids(4000, 100), 3901));
  assert.deepEqual(idsOf(older), [ids(4900, MAX_RECORDS), 3901]);
  assert.ok(older.isCutInFront);
  const newer = withNewest(full, page(ids(5030, 100), 4931));
  assert.deepEqual(idsOf(newer), [ids(5030, MAX_RECORDS), 4031]);
  assert.ok(!newer.isCutInFront);
});

Deno.test("whatOf() reads a transition as one, and other events by their fields", () => {
  const of = (attributes: Record<string, string>) => whatOf({ attributes });
  const cause = { layer: "L4", code: "L4CON", detail: "refused" };
  assert.equal(of({ from: "up", to: "down", ...cause }), "up → down L4CON refused");
  assert.equal(of({ from: "up", to: "paused", code: "", cause: "x" }), "up → paused cause=x");
  assert.equal(of({ method: "PauseBackend", reason: "" }), "method=PauseBackend");
  assert.equal(of({ pool: "main", message: "no server is up" }), "no server is up pool=main");
});
