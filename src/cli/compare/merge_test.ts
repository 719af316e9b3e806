import assert from "node:assert/strict";
import fc from "fast-check";
import { renderView } from "../render/mod.ts";
import { mergeJson, mergeViews, type ServerView } from "./merge.ts";
import { unionOf } from "./parts.ts";
import type { Cell, TableBlock, View } from "../render/model.ts";

function answersOf(...views: readonly View[]): ServerView[] {
  return views.map((view, at) => ({ server: `lb${at + 1}`, view }));
}

function text(answers: readonly ServerView[], show = true): string {
  return renderView(mergeViews(answers, { show }), { width: Infinity, color: false });
}

/** Rows `name state ago`, the last one volatile. */
function states(
  ...rows: readonly (readonly [name: string, state: string, ago: string])[]
): TableBlock {
  return {
    kind: "table",
    columns: [{ header: "name" }, { header: "state" }, { header: "since", align: "right" }],
    rows: rows.map(([name, state, ago]) => ({
      key: name,
      cells: [{ text: name }, { text: state }, { text: ago, volatile: true }],
    })),
    empty: "None.",
  };
}

function fields(values: Readonly<Record<string, string | Cell>>): View {
  const list = Object.entries(values).map(([label, value]) => ({
    label,
    value: typeof value === "string" ? { text: value } : value,
  }));
  return [{ kind: "fields", fields: list }];
}

Deno.test("mergeViews() shows equal answers once, with the names of all servers", () => {
  const view = [states(["web1", "up", "3d4h"])];
  assert.equal(
    text(answersOf(view, view)),
    "lb1, lb2: no differences\n\nNAME  STATE  SINCE\nweb1  up      3d4h\n",
  );
});

Deno.test("mergeViews() shows volatile cells of each server, without a difference", () => {
  assert.equal(
    text(answersOf([states(["web1", "up", "3d4h"])], [states(["web1", "up", "7s"])])),
    "lb1, lb2: no differences\n\nNAME  STATE      SINCE\nweb1  up     3d4h / 7s\n",
  );
});

Deno.test("mergeViews() puts differing rows together, marked at the edge and in the cell", () => {
  assert.equal(
    text(answersOf(
      [states(["web1", "up", "1s"], ["web2", "up", "2s"])],
      [states(["web1", "up", "1s"], ["web2", "down", "3s"])],
      [states(["web1", "up", "1s"], ["web2", "up", "2s"])],
    )),
    [
      "lb1, lb2, lb3: 1 difference, marked ≠",
      "",
      "   MAGLEVD   NAME  STATE   SINCE",
      "   all       web1  up         1s",
      "≠  lb1, lb3  web2  up ≠       2s",
      "≠  lb2       web2  down ≠     3s",
      "",
    ].join("\n"),
  );
});

Deno.test("mergeViews() names the server that lacks a row", () => {
  assert.equal(
    text(answersOf(
      [states(["a", "up", "1s"], ["c", "up", "1s"])],
      [states(["a", "up", "1s"], ["b", "up", "1s"], ["c", "up", "1s"])],
    )),
    [
      "lb1, lb2: 1 difference, marked ≠",
      "",
      "   MAGLEVD  NAME  STATE      SINCE",
      "   all      a     up            1s",
      "≠  lb1      b     not there",
      "≠  lb2      b     up            1s",
      "   all      c     up            1s",
      "",
    ].join("\n"),
  );
});

Deno.test("mergeViews() takes cells with the same comparisonKey as equal", () => {
  const row = (text: string, comparisonKey: string): View =>
    fields({ result: { text, comparisonKey } });
  assert.match(text(answersOf(row("L7OK 200", "ok"), row("L7OK 204", "ok"))), /no differences/);
  assert.match(text(answersOf(row("L7OK", "ok"), row("L7OK", "bad"))), /no differences/);
  assert.match(text(answersOf(row("L7OK", "ok"), row("L7STS", "bad"))), /1 difference,/);
});

Deno.test("mergeViews() shows differing fields on a line for each server, under one label", () => {
  assert.equal(
    text(answersOf(
      fields({ version: "1", pid: { text: "7", volatile: true }, only: "x" }),
      fields({ version: "2", pid: { text: "8", volatile: true } }),
    )),
    [
      "lb1, lb2: 2 differences, marked ≠",
      "",
      "≠ version  lb1: 1",
      "≠          lb2: 2",
      "  pid      lb1: 7",
      "           lb2: 8",
      "≠ only     lb1: x",
      "≠          lb2: not there",
      "",
    ].join("\n"),
  );
});

Deno.test("mergeViews() shows counters in a row for each server, without marks", () => {
  const counters = (value: string): TableBlock => ({
    kind: "table",
    columns: ["vip", "a", "b", "c"].map((header) => ({ header })),
    rows: [{
      key: "v",
      cells: [{ text: "v" }, ...["a", "b", "c"].map(() => ({ text: value, volatile: true }))],
    }],
    empty: "",
  });
  assert.equal(
    text(answersOf([counters("1")], [counters("2")])),
    "lb1, lb2: no differences\n\nMAGLEVD  VIP  A  B  C\nlb1      v    1  1  1\nlb2      v    2  2  2\n",
  );
});

Deno.test("mergeViews() names the servers that have a block, when others lack it", () => {
  const intent: View = [{
    kind: "fields",
    title: "intent",
    fields: [{ label: "by", value: { text: "a" } }],
  }];
  assert.equal(
    text(answersOf(fields({ name: "x" }), [...fields({ name: "x" }), ...intent])),
    "lb1, lb2: 1 difference, marked ≠\n\nname  x\n\n≠ only lb2\n\nintent\nby  a\n",
  );
});

Deno.test("mergeViews() keeps histories separate for each server", () => {
  const history = (ago: string): View => [{ ...states(["x", "up", ago]), title: "h", own: true }];
  assert.equal(
    text(answersOf(history("1s"), history("2s"), history("1s"))),
    "lb1, lb2, lb3: no differences\n\nh lb1, lb3\nNAME  STATE  SINCE\nx     up        1s\n\n" +
      "h lb2\nNAME  STATE  SINCE\nx     up        2s\n",
  );
});

Deno.test("mergeViews() names the server of a single answer, and is empty without answers", () => {
  const view = fields({ name: "x" });
  assert.equal(text([{ server: "lb2", view }]), "lb2:\nname  x\n");
  assert.equal(text([]), "");
});

Deno.test("mergeViews() shows a change for each server, equal ones together", () => {
  const line = (text: string): View => [{ kind: "lines", lines: [{ text }] }];
  assert.equal(
    text(answersOf(line("paused"), line("paused"), line("down")), false),
    "lb1, lb2:\npaused\n\nlb3:\ndown\n",
  );
});

Deno.test("mergeViews() loses no rows with the same key", () => {
  const twice = [states(["a", "up", "1s"], ["a", "down", "1s"])];
  assert.match(text(answersOf(twice, twice)), /a +up.*\na +down/);
});

Deno.test("mergeJson() has an element for each server, errors included", () => {
  assert.deepEqual(
    mergeJson([
      { server: "a", result: { kind: "answer", json: { name: "x" } } },
      { server: "b", result: { kind: "error", message: "away" } },
    ]),
    [{ server: "a", answer: { name: "x" } }, { server: "b", error: "away" }],
  );
});

Deno.test("unionOf() has every key once, in the order of the first list", () => {
  assert.deepEqual(unionOf([["a", "d"], ["a", "b", "c", "d", "e"], ["0", "a", "b", "x"]]), [
    "0",
    "a",
    "b",
    "x",
    "c",
    "d",
    "e",
  ]);
  const lists = fc.array(fc.uniqueArray(fc.constantFrom(..."abcdefgh")));
  fc.assert(fc.property(lists, (lists) => {
    const union = unionOf(lists);
    assert.deepEqual([...union].sort(), [...new Set(lists.flat())].sort());
    const [first = []] = lists;
    assert.deepEqual(union.filter((key) => first.includes(key)), first);
  }));
});
