import { equal } from "node:assert/strict";
import {
  hasUnsafe,
  isPlainLine,
  isWord,
  listWords,
  oneLine,
  quote,
  replaceUnsafe,
  toPlainLine,
} from "./text.ts";

Deno.test("quote() escapes terminal controls, and cuts long texts", () => {
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

Deno.test("unsafe characters are found and replaced; line feeds stay where they are allowed", () => {
  const unsafe = "\x00\x1b\x7f\x9b\u0600\u200b\u202e\u2028\ud800";
  for (const character of unsafe) {
    equal(hasUnsafe(`a${character}b`), true, JSON.stringify(character));
    equal(hasUnsafe(`a${character}b`), true, "the same the second time");
  }
  equal(hasUnsafe("aä日🇩🇪"), false);
  equal(replaceUnsafe("a\nb\x1b", () => "?"), "a?b?");
  equal(replaceUnsafe("a\nb\x1b", () => "?", { lines: true }), "a\nb?");
});

Deno.test("a plain line has no controls and no marks of direction, and may have joiners", () => {
  for (const text of ["", "two words", "👩\u200d🔧"]) equal(isPlainLine(text), true);
  for (const text of ["a\nb", "\x9b", "\u202e", "\u2028", "\ud800"]) {
    equal(isPlainLine(text), false, JSON.stringify(text));
    equal(toPlainLine(`${text}x`).endsWith("\ufffdx") || text === "a\nb", true);
  }
});

Deno.test("a word has no whitespace and no invisible characters", () => {
  for (const text of ["a", "ä-1", "日本"]) equal(isWord(text), true);
  for (const text of ["a b", "a\u00a0b", "a\u200bb", "\x7f"]) equal(isWord(text), false);
});
