import assert from "node:assert/strict";
import { edit, type Edited, type EditState, newLine, replaceBack } from "./edit.ts";
import { MAX_LINE } from "./edit_text.ts";
import { KeyDecoder } from "../../terminal/keys.ts";

const ESC = "\x1b";
const UP = `${ESC}[A`;
const DOWN = `${ESC}[B`;
const LEFT = `${ESC}[D`;
const paste = (text: string) => `${ESC}[200~${text}${ESC}[201~`;

/** Sends keys as a terminal does; returns all requested effects. */
function send(state: EditState, input: string): { state: EditState; effects: string[] } {
  const effects: string[] = [];
  for (const key of new KeyDecoder().push(new TextEncoder().encode(input))) {
    const next: Edited = edit(state, key);
    state = next.state;
    if (next.effect !== undefined) effects.push(next.effect);
  }
  return { state, effects };
}

/** The line with a bar where the cursor is. */
function show({ line }: EditState): string {
  return `${line.text.slice(0, line.cursor)}|${line.text.slice(line.cursor)}`;
}

const after = (input: string, history: string[] = []) => show(send(newLine(history), input).state);

const CASES: [string, string, string][] = [
  ["typing", "abc", "abc|"],
  ["typing in the middle", `ac${LEFT}b`, "ab|c"],
  ["ctrl-a and ctrl-e", "b\x01a\x05c", "abc|"],
  ["home, end, delete", `abc${ESC}[H${ESC}[3~${ESC}[F!`, "bc!|"],
  ["ctrl-b, ctrl-f, backspace", "abc\x02\x02\x06\x7f", "a|c"],
  ["ctrl-d takes the letter at the cursor", "abc\x01\x04", "|bc"],
  [
    "alt-b and alt-f go by letters and digits",
    `show vpp-lb.x${ESC}b${ESC}b${ESC}b${ESC}f`,
    [
      "show vpp|-lb.x",
    ].join(),
  ],
  ["ctrl-left and ctrl-right", `ab cd${ESC}[1;5D${ESC}[1;5D${ESC}[1;5C`, "ab| cd"],
  ["ctrl-w takes up to a blank", "set backend ng-1.x \x17", "set backend |"],
  ["alt-backspace takes letters and digits", `set ng-1${ESC}\x7f`, "set ng-|"],
  ["alt-d takes the word after", `ab cd ef\x01${ESC}f${ESC}d`, "ab| ef"],
  ["ctrl-k and ctrl-y", "abcd\x02\x02\x0b\x01\x19", "cd|ab"],
  ["ctrl-u and ctrl-y", "abcd\x02\x02\x15\x05\x19", "cdab|"],
  ["kills one after the other come back as one", "a b c\x17\x17\x19", "a b c|"],
  ["kills forwards too", `a b c\x01${ESC}d${ESC}d\x05\x19`, " ca b|"],
  ["a kill after something else is its own", "ab cd\x17x\x17\x19", "ab x|"],
  ["ctrl-_ undoes what was typed in one go", "abc\x1f", "|"],
  ["undo goes step by step", "ab\x01x\x05\x15\x1f\x1f", "|ab"],
  ["letters of several units are one", "e\u0301🇩🇪日\x7f\x7f", "e\u0301|"],
  ["arrows go over whole letters", `🇩🇪日${LEFT}${LEFT}x`, "x|🇩🇪日"],
  ["a paste is text, ? and tab in it too", paste("a?\tb"), "a? b|"],
  ["a paste keeps its lines", paste("a\r\nb\rc\nd"), "a\nb\nc\nd|"],
  ["control characters never get in", paste("a\x1b[31m\x9b\x07\u202eb"), "a[31mb|"],
  ["nor what joins letters", "👨\u200d👩", "👨👩|"],
  ["an unknown key changes nothing", `ab${ESC}[24~${ESC}z`, "ab|"],
];

Deno.test("edit() behaves like readline", async (t) => {
  for (const [name, input, expected] of CASES) {
    await t.step(name, () => assert.equal(after(input), expected));
  }
});

const HISTORY = ["show version", "set backend a pause", "show frontends"];

const RECALLS: [string, string, string][] = [
  ["up", UP, "show frontends|"],
  ["up to the oldest, and no further", UP.repeat(5), "show version|"],
  ["down comes back to what was typed", `ab${UP}${UP}${DOWN}${DOWN}`, "ab|"],
  ["ctrl-p and ctrl-n", "\x10\x10\x0e", "show frontends|"],
  ["page up and page down", `x${ESC}[5~${ESC}[6~${ESC}[5~`, "show version|"],
  ["alt-< and alt->", `${ESC}<${ESC}>`, "|"],
  ["what is recalled can be edited", `${UP}\x17x`, "show x|"],
  ["ctrl-r finds the newest", "\x12sh", "|show frontends"],
  ["ctrl-r again finds an older one", "\x12sh\x12", "|show version"],
  ["ctrl-r with nothing found keeps what it had", "\x12shzz", "|show frontends"],
  ["backspace in a search looks again", "\x12show v\x7f\x7f", "|show frontends"],
  ["ctrl-g gives up the search", "ab\x12sh\x07", "ab|"],
  ["any other key takes what was found", "\x12pause\x05 x", "set backend a pause x|"],
  ["ctrl-s searches back", "\x12sh\x12\x13", "|show frontends"],
  ["after a search up goes on from there", `\x12version\x05${DOWN}`, "set backend a pause|"],
  ["and what was typed is still there", `ab\x12version\x05${DOWN.repeat(3)}`, "ab|"],
];

Deno.test("edit() recalls lines of the history and searches it", async (t) => {
  for (const [name, input, expected] of RECALLS) {
    await t.step(name, () => assert.equal(after(input, HISTORY), expected));
  }
});

const EFFECTS: [string, string, string[], string][] = [
  ["enter", "ab\r", ["accept"], "ab|"],
  ["enter in a search runs what was found", "\x12pau\r", ["accept"], "set backend a |pause"],
  ["ctrl-d on an empty line leaves", "\x04", ["leave"], "|"],
  ["ctrl-d elsewhere does not", "a\x04", ["bell"], "a|"],
  ["tab", "sh\t", ["complete"], "sh|"],
  ["? at the end", "show ?", ["help"], "show |"],
  ["? in mid-line", `show x${LEFT}?`, ["help"], "show |x"],
  ["? in quotes is a letter", 'reason "why?', [], 'reason "why?|'],
  ["? after the quotes is not", 'reason "why" ?', ["help"], 'reason "why" |'],
  ["? after a backslash is a letter", "reason why\\?", [], "reason why\\?|"],
  ["? in a search is a letter", "\x12x?", ["bell", "bell"], "|"],
  ["ctrl-l", "a\x0c", ["clear"], "a|"],
];

Deno.test("edit() returns the action for the caller", async (t) => {
  for (const [name, input, effects, expected] of EFFECTS) {
    await t.step(name, () => {
      const result = send(newLine(HISTORY), input);
      assert.deepEqual(result.effects, effects);
      assert.equal(show(result.state), expected);
    });
  }
});

Deno.test("a line and its undo list are bounded", () => {
  const long = send(newLine([]), paste("x".repeat(MAX_LINE - 1)) + paste("日本")).state;
  assert.equal(long.line.text.length, MAX_LINE);
  let { state } = send(newLine([]), "");
  for (let i = 0; i < 500; i++) state = send(state, `a${i} \x17`).state;
  assert.ok(state.undo.length <= 200);
});

Deno.test("replaceBack() completes a word, and can be undone", () => {
  const { state } = send(newLine([]), `show fr x${LEFT}${LEFT}`);
  const completed = replaceBack(state, 5, "frontends");
  assert.equal(show(completed), "show frontends| x");
  assert.equal(show(send(completed, "\x1f").state), "show fr| x");
});
