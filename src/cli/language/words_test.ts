import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { lineWords, MAX_LINE_LENGTH, quoteWord, splitWords } from "./words.ts";

/** Lines that consist mostly of special characters. */
const LINES = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."ab '\"\\\t\n") }),
  fc.string({ unit: "binary" }),
);

Deno.test("lineWords() reads quotes and backslashes as sh does", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["", []],
    [" \t ", []],
    ["show  backends\tnginx0 ", ["show", "backends", "nginx0"]],
    [`reason "two words" 'and more'`, ["reason", "two words", "and more"]],
    [`a"b c"d'e f'g`, ["ab cde fg"]],
    [`"say \\"hi\\" \\\\ \\n $HOME"`, ['say "hi" \\ \\n $HOME']],
    [`'no \\ escapes "here"'`, ['no \\ escapes "here"']],
    [`a\\ b \\"c\\'`, ["a b", `"c'`]],
    [`"" ''`, ["", ""]],
    [`web:80 # * ; $(x) ~ !`, ["web:80", "#", "*", ";", "$(x)", "~", "!"]],
    ["a\u00a0b\u3000c", ["a", "b", "c"]],
  ];
  for (const [line, words] of cases) deepEqual(lineWords(line), { kind: "words", words }, line);
});

Deno.test("lineWords() names the open quote", () => {
  const message = (line: string) => {
    const split = lineWords(line);
    return split.kind === "error" ? split.message : undefined;
  };
  equal(message(`reason "two words`), `the quote " is not closed`);
  equal(message(`reason 'it"s`), `the quote ' is not closed`);
  equal(message("show \\"), "a backslash at the end of the line stands before nothing");
  equal(message(`"a\\`), `the quote " is not closed`);
  equal(message("x".repeat(MAX_LINE_LENGTH)), undefined);
  equal(
    message("x".repeat(MAX_LINE_LENGTH + 1)),
    "the line is too long: need at most 8192 letters",
  );
});

Deno.test("splitWords() keeps positions, and separates the last word until a blank ends it", () => {
  deepEqual(splitWords(` show 'a b' ng`), {
    kind: "words",
    words: [{ text: "show", start: 1, end: 5 }, { text: "a b", start: 6, end: 11 }],
    partial: { text: "ng", start: 12, end: 14, open: "" },
  });
  const partials: readonly (readonly [string, string, number, string])[] = [
    ["", "", 0, ""],
    ["show ", "", 5, ""],
    [`show "a b`, "a b", 5, '"'],
    [`show x'a b`, "xa b", 5, "'"],
    [`show "a" `, "", 9, ""],
    [`show "a"`, "a", 5, ""],
    ["show a\\", "a", 5, "\\"],
  ];
  for (const [line, text, start, open] of partials) {
    const split = splitWords(line);
    ok(split.kind === "words");
    deepEqual(split.partial, { text, start, end: line.length, open }, line);
  }
});

Deno.test("splitWords() accepts any line: words are in order, and parse to themselves", () => {
  fc.assert(fc.property(LINES, (line) => {
    const split = splitWords(line);
    if (split.kind === "error") return;
    let at = 0;
    for (const { text, start, end } of split.words) {
      ok(start >= at && end > start);
      equal(line.slice(at, start).trim(), "");
      deepEqual(lineWords(line.slice(start, end)), { kind: "words", words: [text] });
      at = end;
    }
    equal(line.slice(at, split.partial.start).trim(), "");
    equal(split.partial.end, line.length);
  }));
});

Deno.test("quoteWord() writes text that is read back as one word, in any surroundings", () => {
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom(..."ab '\"\\\t\n") }),
    fc.string({ unit: "binary" }),
  );
  fc.assert(fc.property(fc.array(text, { maxLength: 5 }), (words) => {
    deepEqual(lineWords(words.map(quoteWord).join(" ")), { kind: "words", words });
  }));
  equal(quoteWord("nginx0"), "nginx0");
  equal(quoteWord("two words"), '"two words"');
  equal(quoteWord(""), '""');
});
