import assert from "node:assert/strict";
import fc from "fast-check";
import type { TableBlock } from "./model.ts";
import { printable, visibleWidth } from "../../terminal/text.ts";
import { renderView } from "./view.ts";

const PLAIN = { width: Infinity, color: false };

function table(rows: readonly (readonly string[])[]): TableBlock {
  return {
    kind: "table",
    columns: [
      { header: "name" },
      { header: "address", whole: true },
      { header: "count", align: "right" },
      { header: "spare", optional: true },
      { header: "note", optional: true, below: true },
    ],
    rows: rows.map((cells, at) => ({ key: `${at}`, cells: cells.map((text) => ({ text })) })),
    empty: "Nothing.",
  };
}

function shown(block: TableBlock, width: number): string[] {
  return renderView([block], { width, color: false }).split("\n").slice(0, -1);
}

const ROWS = [["web1", "192.0.2.1", "7", "", "a note"], ["中文", "2001:db8::1", "1,234"]];

Deno.test("tableLines() aligns columns by visible width, and leaves out empty optional ones", () => {
  assert.deepEqual(shown(table(ROWS), Infinity), [
    "NAME  ADDRESS      COUNT  NOTE",
    "web1  192.0.2.1        7  a note",
    "中文  2001:db8::1  1,234",
  ]);
});

Deno.test("tableLines() moves notes below their rows before it breaks cells", () => {
  assert.deepEqual(shown(table(ROWS), 25), [
    "NAME  ADDRESS      COUNT",
    "web1  192.0.2.1        7",
    "  a note",
    "中文  2001:db8::1  1,234",
  ]);
});

Deno.test("tableLines() puts a long name above the rest of its row", () => {
  const rows = [["a-name-that-is-much-too-long", "192.0.2.1", "7"], ["web2", "192.0.2.2", "8"]];
  assert.deepEqual(shown(table(rows), 30), [
    "NAME          ADDRESS    COUNT",
    "a-name-that-is-much-too-long",
    "              192.0.2.1      7",
    "web2          192.0.2.2      8",
  ]);
});

Deno.test("tableLines() breaks addresses before rows become lists", () => {
  const rows = [["web1", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", "7"]];
  assert.deepEqual(shown(table(rows), 34), [
    "NAME  ADDRESS                COUNT",
    "web1  2001:db8:aaaa:bbbb:        7",
    "      cccc:dddd:eeee:ffff",
  ]);
  assert.deepEqual(shown(table(rows), 30), [
    "NAME     web1",
    "ADDRESS  2001:db8:aaaa:bbbb:",
    "         cccc:dddd:eeee:ffff",
    "COUNT    7",
  ]);
});

Deno.test("tableLines() shows a sentence without rows", () => {
  assert.equal(renderView([table([])], { width: 80, color: true }), "\x1b[2mNothing.\x1b[0m\n");
});

Deno.test("tableLines() colours texts, never blanks", () => {
  const block: TableBlock = {
    kind: "table",
    columns: [{ header: "state" }, { header: "n", align: "right" }],
    rows: [{ key: "1", cells: [{ text: "up", style: "good" }, { text: "7" }] }],
    empty: "",
  };
  assert.equal(
    renderView([block], { width: 80, color: true }),
    "\x1b[1;4mSTATE\x1b[0m  \x1b[1;4mN\x1b[0m\n\x1b[32mup\x1b[0m     7\n",
  );
});

const TEXT = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 60 }),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.ipV6(),
  fc.lorem({ maxCount: 12 }),
);
const TABLES = fc.array(fc.array(TEXT, { minLength: 5, maxLength: 5 }), {
  minLength: 1,
  maxLength: 8,
})
  // Numbers are never broken, so these must fit.
  .map((rows) => table(rows.map((row) => [...row.slice(0, 2), "12345", ...row.slice(3)])));

Deno.test("tableLines() loses nothing of any cells, and stays within any width", () => {
  const letters = (text: string) => [...text.replaceAll(/\s/g, "")].sort().join("");
  fc.assert(fc.property(TABLES, fc.integer({ min: 26, max: 300 }), (block, width) => {
    const lines = shown(block, width);
    for (const line of lines) {
      assert.ok(visibleWidth(line) <= width, `${width}: ${line}`);
      assert.equal(line.trimEnd(), line);
    }
    const cells = block.rows.flatMap(({ cells }) => cells.map(({ text }) => printable(text)));
    const all = letters(lines.join(""));
    for (const letter of new Set(letters(cells.join("")))) {
      const count = (text: string) => text.split(letter).length;
      assert.ok(count(all) >= count(letters(cells.join(""))), `${letter} is missing`);
    }
  }));
});

Deno.test("tableLines() writes a row as a line without a terminal, whatever its cells", () => {
  fc.assert(fc.property(TABLES, (block) => {
    assert.equal(renderView([block], PLAIN).split("\n").length, block.rows.length + 2);
  }));
});

Deno.test("renderView() separates blocks by an empty line, with titles above", () => {
  const text = renderView([
    { kind: "fields", title: "conf", fields: [{ label: "a", value: { text: "1" } }] },
    { kind: "lines", lines: [{ text: "one" }, { text: "two\n" }] },
    { kind: "lines", lines: [] },
    { ...table([]), title: "t\x1b" },
  ], PLAIN);
  assert.equal(text, "conf\na  1\n\none\ntwo\\n\n\nt\\x1b\nNothing.\n");
  assert.equal(renderView([], PLAIN), "");
});

Deno.test("renderView() continues long lines and values below themselves", () => {
  const lines = renderView([
    { kind: "lines", lines: [{ text: "maglev.yaml:1:2: error: this is too long" }] },
    {
      kind: "fields",
      fields: [{ label: "reason", value: { text: "new kernel, new memory, new disk" } }],
    },
  ], { width: 28, color: false });
  assert.equal(
    lines,
    "maglev.yaml:1:2: error: this\n  is too long\n\n" +
      "reason  new kernel, new\n        memory, new disk\n",
  );
});
