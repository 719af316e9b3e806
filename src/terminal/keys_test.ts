import assert from "node:assert/strict";
import { type Key, KeyDecoder, MAX_PASTE } from "./keys.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
/** In a short form: names, texts in quotes, pastes in brackets. */
const short = (keys: readonly Key[]) =>
  keys.map((key) =>
    key.kind === "key" ? key.name : key.kind === "text" ? `"${key.text}"` : `[${key.text}]`
  ).join(" ");

const CASES: [string, string, string][] = [
  ["text as it comes", "show 日本 é", '"show 日本 é"'],
  [
    "control characters",
    "a\x01\x05\x12\r\n\t\x7f\x08",
    [
      '"a" ctrl-a ctrl-e ctrl-r enter enter tab backspace backspace',
    ].join(),
  ],
  ["ctrl-c, ctrl-d, ctrl-_", "\x03\x04\x1f", "ctrl-c ctrl-d ctrl-_"],
  ["arrows, either form", "\x1b[A\x1bOB\x1b[C\x1bOD", "up down right left"],
  [
    "home and end, all forms",
    "\x1b[H\x1b[F\x1bOH\x1bOF\x1b[1~\x1b[4~\x1b[7~\x1b[8~",
    [
      "home end home end home end home end",
    ].join(),
  ],
  ["delete", "\x1b[3~", "delete"],
  ["ctrl and alt with arrows", "\x1b[1;5D\x1b[1;3C\x1b[1;2A", "ctrl-left alt-right up"],
  ["alt with letters", "\x1bb\x1bF\x1bd\x1b\x7f\x1by", "alt-b alt-f alt-d alt-backspace alt-y"],
  ["an unknown sequence is nothing", "\x1b[99~a\x1b[?1;2cb\x1b[<0;1;2M", '"a" "b"'],
  [
    "a paste, with line breaks and escapes in it",
    "\x1b[200~a\nb\x1b[A\x1b[201~c",
    [
      '[a\nb\x1b[A] "c"',
    ].join(),
  ],
  ["enter on the keypad", "\x1bOM", "enter"],
  ["a question mark is apart", "show ?x??", '"show " "?" "x" "?" "?"'],
  ["an empty paste", "\x1b[200~\x1b[201~", "[]"],
];

Deno.test("KeyDecoder decodes the keys", async (t) => {
  for (const [name, input, expected] of CASES) {
    await t.step(name, () => assert.equal(short(new KeyDecoder().push(bytes(input))), expected));
  }
});

Deno.test("KeyDecoder reads the same from single bytes", () => {
  for (const [name, input, expected] of CASES) {
    const decoder = new KeyDecoder();
    const keys = [...bytes(input)].flatMap((byte) => decoder.push(Uint8Array.of(byte)));
    // Text comes letter by letter then.
    assert.equal(short(keys).replaceAll('" "', ""), expected.replaceAll('" "', ""), name);
  }
});

Deno.test("a lone ESC waits for the next key and becomes its Alt", () => {
  const decoder = new KeyDecoder();
  assert.deepEqual(decoder.push(bytes("\x1b")), []);
  assert.equal(short(decoder.push(bytes("b"))), "alt-b");
});

Deno.test("a paste without an end is bounded and yields no keys", () => {
  const decoder = new KeyDecoder();
  decoder.push(bytes("\x1b[200~"));
  for (let i = 0; i < 40; i++) assert.deepEqual(decoder.push(bytes("x".repeat(10_000))), []);
  const [key] = decoder.push(bytes("\x1b[201~"));
  assert.equal(key?.kind === "paste" && key.text.length, MAX_PASTE);
});

Deno.test("a sequence that never ends is dropped", () => {
  const decoder = new KeyDecoder();
  assert.deepEqual(decoder.push(bytes("\x1b[" + "1;".repeat(40))), []);
  assert.equal(short(decoder.push(bytes("a"))), '"a"');
});

Deno.test("reset() forgets half a letter and half a sequence", () => {
  const decoder = new KeyDecoder();
  for (const begun of [Uint8Array.of(0xe6), bytes("\x1b[1;")]) {
    decoder.push(begun);
    decoder.reset();
    assert.equal(short(decoder.push(bytes("ab"))), '"ab"');
  }
});

Deno.test("reset() drops a paste to its end; a second reset() closes it", () => {
  const decoder = new KeyDecoder();
  decoder.push(bytes("\x1b[200~one\n"));
  decoder.reset();
  assert.equal(short(decoder.push(bytes("two\n\x1b[201~a"))), '"a"');
  assert.equal(short(decoder.push(bytes("\x1b[200~b\x1b[201~"))), "[b]");
  decoder.push(bytes("\x1b[200~one\n"));
  decoder.reset();
  decoder.reset();
  assert.equal(short(decoder.push(bytes("a"))), '"a"');
});
