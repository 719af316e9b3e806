import assert from "node:assert/strict";
import fc from "fast-check";
import { lengthOf, MAX_KEPT, OutageBook, type OutageEvent } from "./outages.ts";

/** One probe each 100 ms: `.` passes, `x` fails, `b` is not sent. */
function play(text: string, outageAfter = 2) {
  const events: OutageEvent[] = [];
  const book = new OutageBook({ outageAfter, onEvent: (event) => events.push(event) });
  for (const [at, probe] of [...text].entries()) {
    if (probe === "b") book.blind(at * 100, "stopped");
    else book.probed(at * 100, probe === ".");
  }
  return { book, events };
}

/** Begin, end and flags of each outage. */
const spans = (text: string, outageAfter?: number) =>
  play(text, outageAfter).book.outages.map(({ beginMs, endMs, neverUp, cut, open }) =>
    `${beginMs}-${endMs}${neverUp ? " never" : ""}${cut ? " cut" : ""}${open ? " open" : ""}`
  );

Deno.test("an outage lasts from its first failed probe to the next success, by sending", () => {
  assert.deepEqual(spans("..xxx.."), ["200-500"]);
  assert.deepEqual(spans(".xx.xxx."), ["100-300", "400-700"]);
});

Deno.test("a single failure among successes is loss", () => {
  const { book } = play(".x.x..");
  assert.deepEqual([book.count, book.lost, book.longest], [0, 2, undefined]);
  assert.deepEqual(spans(".x.", 1), ["100-200"]);
  assert.deepEqual(spans(".xx.xxx.", 3), ["400-700"]);
});

Deno.test("a VIP that has not answered is in an outage from its first probe on", () => {
  assert.deepEqual(spans("x"), ["0-0 never open"]);
  assert.deepEqual(spans("xxx"), ["0-200 never open"]);
  assert.deepEqual(spans("xxx.xx."), ["0-300 never", "400-600"]);
  assert.equal(play("x..").book.lost, 1, "a first probe that was lost is loss");
});

Deno.test("an open outage ends with the last failed probe, for the figures", () => {
  const { book } = play(".xxxx");
  assert.deepEqual(spans(".xxxx"), ["100-400 open"]);
  assert.deepEqual([book.count, book.sumMs, lengthOf(book.longest!)], [1, 300, 300]);
});

Deno.test("a blind span is not an outage; an open outage ends at its begin and is cut", () => {
  const { book, events } = play(".xxbbb.");
  assert.deepEqual(spans(".xxbbb."), ["100-300 cut"]);
  assert.deepEqual(book.blindSpans, [{ beginMs: 300, endMs: 600, reason: "stopped" }]);
  assert.deepEqual(events.map(({ kind }) => kind), ["outage-begin", "outage-end", "blind"]);
  assert.deepEqual(spans("..bbb.."), []);
  assert.deepEqual(spans(".xbx."), [], "one failure on each side is loss");
  assert.deepEqual(spans(".xxbxx."), ["100-300 cut", "400-600"]);
});

Deno.test("begin and end of an outage are reported once each", () => {
  const { events } = play("..xxx..x.");
  assert.deepEqual(events.map(({ kind }) => kind), ["outage-begin", "outage-end"]);
  assert.equal(events[0]!.kind === "outage-begin" && events[0]!.outage.beginMs, 200);
  assert.equal(events[1]!.kind === "outage-end" && events[1]!.outage.failures, 3);
});

Deno.test("the newest outages are kept, and figures count all of them", () => {
  const { book } = play(".xxxx." + ".xx.".repeat(MAX_KEPT + 50));
  assert.equal(book.outages.length, MAX_KEPT);
  assert.equal(book.count, MAX_KEPT + 51);
  assert.deepEqual([lengthOf(book.longest!), book.longest!.beginMs], [400, 100]);
});

Deno.test("outages are the rows of failures between successes and blind spans", () => {
  const probes = fc.array(fc.constantFrom(".", "x", "b"), { maxLength: 60 });
  fc.assert(fc.property(probes, fc.integer({ min: 1, max: 4 }), (list, after) => {
    const text = list.join("");
    const { book } = play(text, after);
    const wanted: string[] = [];
    let lost = 0;
    for (const match of text.matchAll(/x+/g)) {
      const end = match.index + match[0].length;
      const neverUp = !text.slice(0, match.index).includes(".");
      const [cut, open] = [text[end] === "b", end === text.length];
      const counts = match[0].length >= after || (neverUp && (cut || open));
      if (!counts) lost += open ? 0 : match[0].length;
      else {
        const endMs = 100 * (open ? end - 1 : end);
        wanted.push(
          `${match.index * 100}-${endMs}${neverUp ? " never" : ""}${cut ? " cut" : ""}${
            open ? " open" : ""
          }`,
        );
      }
    }
    assert.deepEqual(spans(text, after), wanted);
    assert.equal(book.lost, lost);
    assert.equal(book.count, wanted.length);
    assert.equal(book.sumMs, book.outages.reduce((sum, outage) => sum + lengthOf(outage), 0));
    assert.equal(book.blindCount, [...text.matchAll(/b+/g)].length);
  }));
});
