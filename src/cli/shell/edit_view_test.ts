/**
 * The editor's drawing against a small model of a terminal: the output must give the expected
 * screen, whatever it showed before. The model wraps like xterm and tmux.
 */
import assert from "node:assert/strict";
import { lettersOf } from "./edit_text.ts";
import { draw, type Frame, layout, leave, type Look } from "./edit_view.ts";
import { visibleWidth } from "../../terminal/text.ts";

/** A screen that never scrolls in these tests; cells of wide letters are followed by "". */
class Screen {
  cells: string[][] = [[]];
  row = 0;
  column = 0;
  /** After a letter in the last column; the next one goes to the next row. */
  #pending = false;

  constructor(readonly columns: number) {}

  write(output: string): void {
    // deno-lint-ignore no-control-regex
    const pattern = /\x1b\[(\d*)([A-Za-z])|\x1b\[[\d;]*m|[\r\n]|[^\x1b\r\n]+/g;
    for (const [all, number, command] of output.matchAll(pattern)) {
      if (command !== undefined && command !== "m") this.#command(command, Number(number || 1));
      else if (all === "\r") this.#to(this.row, 0);
      else if (all === "\n") this.#to(this.row + 1, this.column);
      else if (!all.startsWith("\x1b")) lettersOf(all).forEach((letter) => this.#put(letter));
    }
  }

  get text(): string {
    return this.cells.map((row) => row.join("").trimEnd()).join("\n").trimEnd();
  }

  #to(row: number, column: number): void {
    assert.ok(row >= 0, "moved above the screen");
    this.#pending = false;
    this.row = row;
    this.column = column;
    while (this.cells.length <= row) this.cells.push([]);
  }

  #command(command: string, count: number): void {
    if (command === "A") this.#to(this.row - count, this.column);
    else if (command === "B") {
      this.#to(Math.min(this.cells.length - 1, this.row + count), this.column);
    } else if (command === "C") this.#to(this.row, Math.min(this.columns - 1, this.column + count));
    else {
      assert.match(command, /^[JK]$/);
      this.cells[this.row] = this.cells[this.row]!.slice(0, this.column);
      if (command === "J") this.cells.length = this.row + 1;
    }
  }

  #put(letter: string): void {
    const width = visibleWidth(letter);
    if (this.#pending || this.column + width > this.columns) this.#to(this.row + 1, 0);
    const row = this.cells[this.row]!;
    while (row.length < this.column) row.push(" ");
    row.splice(this.column, width, letter, ...Array(width - 1).fill(""));
    this.column += width;
    if (this.column >= this.columns) {
      this.column = this.columns - 1;
      this.#pending = true;
    }
  }
}

const look = (text: string, cursor = text.length, prompt = "> "): Look => ({
  prompt,
  text,
  cursor,
  promptStyle: "1",
});

const LOOKS: [string, Look, string, [row: number, column: number]][] = [
  ["an empty line", look(""), ">", [0, 2]],
  ["a short line", look("show"), "> show", [0, 6]],
  ["the cursor within", look("show", 1), "> show", [0, 3]],
  ["a line that just fits, cursor after it", look("12345678"), "> 12345678", [1, 0]],
  ["a line that just fits, cursor on its last", look("12345678", 7), "> 12345678", [0, 9]],
  ["a line that wraps", look("1234567890"), "> 12345678\n90", [1, 2]],
  ["a wide letter that does not fit", look("1234567日x"), "> 1234567\n日x", [1, 3]],
  ["the cursor on that letter", look("1234567日x", 7), "> 1234567\n日x", [1, 0]],
  ["wide letters that fit", look("日本日本x"), "> 日本日本\nx", [1, 1]],
  ["combined letters", look("e\u0301e\u0301"), "> e\u0301e\u0301", [0, 4]],
  ["lines of a paste", look("ab\ncd\n"), "> ab\ncd", [2, 0]],
  ["a full line and a line break", look("12345678\nx"), "> 12345678\n\nx", [2, 1]],
  ["a prompt that wraps", look("x", 1, "a long prompt> "), "a long pro\nmpt> x", [1, 6]],
];

Deno.test("draw() puts a line on an empty screen", async (t) => {
  for (const [name, wanted, text, [row, column]] of LOOKS) {
    await t.step(name, () => {
      const screen = new Screen(10);
      screen.write(draw(undefined, wanted, { columns: 10, rows: 24 }).output);
      assert.equal(screen.text, text);
      assert.deepEqual([screen.row, screen.column], [row, column]);
    });
  }
});

Deno.test("draw() changes any look into any other", () => {
  for (const [from, first] of LOOKS) {
    for (const [to, second, text, [row, column]] of LOOKS) {
      const screen = new Screen(10);
      screen.write("before\r\n");
      const size = { columns: 10, rows: 24 };
      const one = draw(undefined, first, size);
      screen.write(one.output);
      screen.write(draw(one.frame, second, size).output);
      assert.equal(screen.text, `before\n${text}`.trimEnd(), `${from}, then ${to}`);
      assert.deepEqual([screen.row, screen.column], [row + 1, column], `${from}, then ${to}`);
    }
  }
});

Deno.test("draw() finds its position on a screen that became narrower or wider", () => {
  for (const [name, wanted] of LOOKS) {
    for (const columns of [4, 7, 20]) {
      const drawn = draw(undefined, wanted, { columns: 10, rows: 24 });
      // A terminal rewraps its lines, and moves the cursor with them.
      const again = layout(drawn.frame.text, drawn.frame.cursor, columns);
      const screen = new Screen(columns);
      screen.write(
        `b\r\n${again.rows.map((row) => row.text + (row.wraps ? "" : "\r\n")).join("")}`,
      );
      screen.write(`\x1b[${screen.row - 1 - again.row}A\r`.replace("\x1b[0A", ""));
      const fresh = new Screen(columns);
      fresh.write("b\r\n" + draw(undefined, wanted, { columns, rows: 24 }).output);
      screen.write(draw(drawn.frame, wanted, { columns, rows: 24 }).output);
      assert.equal(screen.text, fresh.text, `${name} at ${columns}`);
      assert.deepEqual([screen.row, screen.column], [fresh.row, fresh.column], name);
    }
  }
});

Deno.test("draw() shows the part around the cursor when a line is higher than the screen", () => {
  const text = Array.from({ length: 100 }, (_, i) => String(i).padStart(10, ".")).join("");
  let frame: Frame | undefined;
  const screen = new Screen(10);
  for (const [cursor, first, last] of [[1000, 97, 100], [5, 0, 3], [500, 47, 50]] as const) {
    const drawn = draw(frame, look(text, cursor, ""), { columns: 10, rows: 4 });
    frame = drawn.frame;
    screen.write(drawn.output);
    const rows = Array.from({ length: last - first + 1 }, (_, i) => String(first + i));
    const wanted = rows.map((row) => row === "100" ? "" : row.padStart(10, "."));
    assert.equal(screen.text, wanted.join("\n").trimEnd());
  }
});

Deno.test("leave() moves below the line, wherever the cursor is", () => {
  const screen = new Screen(10);
  const { output, frame } = draw(undefined, look("1234567890", 1), { columns: 10, rows: 24 });
  screen.write(output + leave(frame, 10) + "x");
  assert.equal(screen.text, "> 12345678\n90\nx");
});
