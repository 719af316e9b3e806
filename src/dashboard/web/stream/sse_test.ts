/// <reference lib="deno.ns" />
import assert from "node:assert/strict";
import { formatPosition, parsePosition, SseReader } from "./sse.ts";

const TEXT = 'retry: 1000\n\n: ping\n\nid: e1-7\nevent: log\ndata: {"a":\ndata: 1}\n\n' +
  "event:probes\r\ndata:x\r\n\r\n";
const EVENTS = [
  { id: "e1-7", type: "log", data: '{"a":\n1}' },
  { id: "", type: "probes", data: "x" },
];

Deno.test("SseReader: fields, comments, several data lines, both kinds of line ends", () => {
  assert.deepEqual(new SseReader().read(TEXT), EVENTS);
});

Deno.test("SseReader: the pieces may be cut anywhere", () => {
  for (let size = 1; size < TEXT.length; size++) {
    const reader = new SseReader();
    const events = [];
    for (let at = 0; at < TEXT.length; at += size) {
      events.push(...reader.read(TEXT.slice(at, at + size)));
    }
    assert.deepEqual(events, EVENTS, `pieces of ${size}`);
  }
});

Deno.test("SseReader: an event without end is refused", () => {
  const reader = new SseReader();
  const piece = "x".repeat(1 << 20);
  assert.throws(() => {
    for (let i = 0; i < 100; i++) reader.read(piece);
  }, RangeError);
  const lines = new SseReader();
  assert.throws(() => {
    for (let i = 0; i < 100; i++) lines.read(`data: ${piece}\n`);
  }, RangeError);
});

Deno.test("positions: read, written, refused", () => {
  assert.deepEqual(parsePosition("a-b-12"), { epoch: "a-b", seq: 12 });
  assert.equal(formatPosition({ epoch: "a-b", seq: 12 }), "a-b-12");
  for (const id of ["", "12", "a-", "a-x", `a-${"9".repeat(16)}`]) {
    assert.equal(parsePosition(id), undefined, id);
  }
});
