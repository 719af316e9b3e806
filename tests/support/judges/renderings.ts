/** Renderings of a command's view at every size, each with the properties that hold for all. */
import assert from "node:assert/strict";
import { renderView } from "../../../src/cli/render/mod.ts";
import type { View } from "../../../src/cli/render/model.ts";
import { plainForm, plainParts } from "../../../src/cli/render/plain.ts";
import { printable, visibleWidth } from "../../../src/terminal/text.ts";
import type { Section } from "./golden.ts";

/** Controls but the newline, format characters (bidi, zero width), line separators. */
export const HARMFUL = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** The merged view of all servers. */
export type Put = (views: readonly View[]) => View;

const ONLY: Put = ([view = []]) => view;

/** The answer at every size; each must have the properties that hold for all. */
export function shown(views: readonly View[], put = ONLY): Section[] {
  const view = put(views);
  const plain = views.map(plainParts);
  const bare = plainForm(put(plain.map(({ view }) => view)));
  const asides = plain.flatMap(({ asides }) => asides).map((text) => `${printable(text)}\n`);
  const sections = [80, 200, Infinity].map((width) => {
    const text = renderView(width === Infinity ? bare : view, { width, color: false });
    for (const line of text.split("\n")) {
      assert.ok(visibleWidth(line) <= width, `wider than ${width}: ${line}`);
      assert.equal(line.trimEnd(), line, "a line ends with blanks");
    }
    assert.doesNotMatch(text, HARMFUL);
    return { title: width === Infinity ? "no terminal" : `${width} columns`, text };
  });
  if (asides.length > 0) {
    sections.push({ title: "no terminal, standard error", text: asides.join("") });
  }
  const colored = [80, 200].map((width) => {
    const text = renderView(view, { width, color: true });
    // deno-lint-ignore no-control-regex
    const bare = text.replace(/\x1b\[[0-9;]*m/g, "");
    assert.equal(bare, renderView(view, { width, color: false }), "colour changes the text");
    return { title: `${width} columns, colour`, text };
  });
  return [...sections, ...colored];
}

/** Without a terminal only the columns at the end of a table have cells of several words. */
export function checkWords(view: View): void {
  for (const block of plainForm(plainParts(view).view)) {
    if (block.kind !== "table") continue;
    const texts = block.columns.map((_, at) =>
      block.rows.some(({ cells }) => cells[at]?.text.includes(" "))
    );
    const first = texts.indexOf(true);
    const headers = block.columns.map(({ header }) => header);
    assert.ok(first < 0 || texts.slice(first).every((is) => is), `${headers}: ${texts}`);
    for (const header of headers) assert.ok(!header.includes(" "), header);
  }
}
