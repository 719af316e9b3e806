import assert from "node:assert/strict";
import { plainForm, plainParts } from "./plain.ts";
import { renderView } from "./mod.ts";
import type { View } from "./model.ts";

function shown(view: View): string {
  const { view: parts } = plainParts(view);
  return renderView(plainForm(parts), { width: Infinity, color: false });
}

Deno.test("a script gets every column and field in every state, with a dash for an empty cell", () => {
  const columns = [
    { header: "name" },
    { header: "weights set", align: "right" as const, optional: true },
    { header: "note", optional: true, below: true },
  ];
  const table = (note: string): View => [{
    kind: "table",
    columns,
    rows: [{ key: "a", cells: [{ text: "a" }, { text: "", plain: "0" }, { text: note }] }],
    empty: "None.",
  }];
  assert.equal(shown(table("")), "NAME  WEIGHTS-SET  NOTE\na               0  -\n");
  assert.equal(
    shown(table("by  alice ")),
    "NAME  WEIGHTS-SET  NOTE\na               0  by alice\n",
  );
  assert.equal(
    shown([{ kind: "table", columns, rows: [], empty: "None." }]),
    "NAME  WEIGHTS-SET  NOTE\n",
  );
  const fields = (text: string): View => [{
    kind: "fields",
    fields: [
      { label: "active pool", value: { text: "main" } },
      { label: "warning", value: { text }, optional: true },
    ],
  }];
  assert.equal(shown(fields("")), "active-pool  main\nwarning      -\n");
  assert.equal(shown(fields("full")), "active-pool  main\nwarning      full\n");
});

Deno.test("a terminal leaves optional fields out when they are empty", () => {
  const view: View = [{
    kind: "fields",
    fields: [
      { label: "name", value: { text: "web" } },
      { label: "warning", value: { text: "" }, optional: true },
    ],
  }];
  assert.equal(renderView(view, { width: 80, color: false }), "name  web\n");
});

Deno.test("numbers have separators on a terminal, but not for a script", () => {
  const view: View = [{
    kind: "lines",
    lines: [{ text: "65,088", plain: "65088" }],
  }];
  assert.equal(renderView(view, { width: 80, color: false }), "65,088\n");
  assert.equal(shown(view), "65088\n");
});

Deno.test("blocks between rows move aside, and blocks for terminals alone are left out", () => {
  const view: View = [
    { kind: "lines", lines: [{ text: "row" }] },
    { kind: "lines", lines: [{ text: "read 3s ago" }], offTerminal: "omitted" },
    { kind: "lines", lines: [{ text: "VPP is not connected" }], offTerminal: "aside" },
  ];
  assert.equal(shown(view), "row\n");
  assert.deepEqual(plainParts(view).asides, ["VPP is not connected"]);
});
