import { equal } from "node:assert/strict";
import { listWords, oneLine, quote } from "./text.ts";

Deno.test("quote() escapes what would move a terminal, and cuts what is long", () => {
  equal(quote('a"b'), '"a\\"b"');
  equal(quote("\x1b[31m\x7f\x9b\u202e\u2028"), '"\\u001b[31m\\u{7f}\\u{9b}\\u{202e}\\u{2028}"');
  equal(quote("x".repeat(1000)).length, 130);
});

Deno.test("oneLine() escapes without quotes and allows longer texts", () => {
  equal(oneLine("no\nsuch\x1b[2J file"), "no\\u{a}such\\u{1b}[2J file");
  equal(oneLine("x".repeat(1000)).length, 300);
});

Deno.test("listWords() puts commas, and a word before the last", () => {
  equal(listWords([]), "");
  equal(listWords(["a"]), "a");
  equal(listWords(["a", "b"]), "a or b");
  equal(listWords(["a", "b", "c"], "and"), "a, b and c");
});
