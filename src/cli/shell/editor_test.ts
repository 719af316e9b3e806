/**
 * The editor between keys and screen, without a terminal: its results, requests and output. Its
 * appearance is tested by edit_view_test.ts and by the integration test.
 */
import assert from "node:assert/strict";
import { Editor } from "./editor.ts";
import type { TerminalInput } from "../../terminal/terminal.ts";

const HISTORY = ["show version"];

/** An editor whose terminal sends these inputs, and then no more. */
function editorOn(inputs: (string | TerminalInput)[]) {
  const written: string[] = [];
  const asked: string[] = [];
  const queue = inputs.map((input): TerminalInput =>
    typeof input === "string" ? { kind: "bytes", bytes: new TextEncoder().encode(input) } : input
  );
  const editor = new Editor({
    terminal: {
      next: () => Promise.resolve(queue.shift() ?? { kind: "end" }),
      write: (text) => void written.push(text),
      size: { columns: 80, rows: 24 },
    },
    prompt: "> ",
    promptStyle: "",
    names: (slot) => {
      asked.push(slot);
      if (slot === "backend") return Promise.resolve(["web1", "web2", "a b"]);
      return Promise.reject(new Error("away"));
    },
  });
  return { editor, written, asked };
}

const lines = async (...inputs: (string | TerminalInput)[]) => {
  const { editor } = editorOn(inputs);
  const found: string[] = [];
  while (true) {
    const result = await editor.readLine(HISTORY);
    if (result.kind === "end") return found;
    found.push(result.text);
  }
};

Deno.test("readLine() returns lines, also when several arrive in one read, or in pieces", async () => {
  assert.deepEqual(await lines("sh", "ow\rnext\rla", "st\r"), ["show", "next", "last"]);
  assert.deepEqual(await lines("\x1b[A\r"), ["show version"]);
  assert.deepEqual(await lines("\x1b[200~a\nb\x1b[201~\r"), ["a\nb"]);
});

Deno.test("readLine() ends with Ctrl-D on an empty line, and with the input", async () => {
  assert.deepEqual(await lines("a\r\x04b\r"), ["a"]);
  assert.deepEqual(await lines("a"), []);
});

Deno.test("Ctrl-C drops the line, and the input after it", async () => {
  assert.deepEqual(await lines("abc", { kind: "interrupt" }, "d\r"), ["d"]);
  assert.deepEqual(await lines("abc\x03def", "g\r"), ["g"]);
});

Deno.test("Ctrl-C is shown after the line, wherever the cursor was", async () => {
  const { editor, written } = editorOn(["show version\x01", { kind: "interrupt" }, "\r"]);
  await editor.readLine(HISTORY);
  assert.ok(written.join("").includes("show version\r\x1b[14C^C\r\n"));
});

Deno.test("Ctrl-C twice leaves a paste whose end is lost", async () => {
  const interrupt = { kind: "interrupt" } as const;
  assert.deepEqual(await lines("\x1b[200~abc", interrupt, interrupt, "d\r"), ["d"]);
});

Deno.test("text killed in one line can be yanked in the next", async () => {
  assert.deepEqual(await lines("ab cd\x17\r\x19\r"), ["ab ", "cd"]);
});

Deno.test("TAB completes words and names, or their common beginning", async () => {
  assert.deepEqual(await lines("sh\tver\t\r"), ["show version "]);
  assert.deepEqual(await lines("set back\tw\t2\r"), ["set backend web2"]);
  // An invalid name is not offered.
  assert.deepEqual(await lines("set backend a\t\r"), ["set backend a"]);
  assert.deepEqual(await lines("set backend web1\t\r"), ["set backend web1 "]);
});

Deno.test("TAB in mid-line keeps the text after the cursor", async () => {
  assert.deepEqual(await lines("set back web1\x02\x02\x02\x02\x02\t\r"), ["set backend web1"]);
});

Deno.test("TAB lists the candidates below the line, which stays", async () => {
  const { editor, written, asked } = editorOn(["set backend w\t\t", "\r"]);
  const result = await editor.readLine(HISTORY);
  assert.deepEqual(result, { kind: "line", text: "set backend web" });
  assert.match(written.join(""), /web1 {2}web2\r\n/);
  assert.deepEqual(asked, ["backend", "backend"]);
});

Deno.test("TAB is silent when names are unavailable", async () => {
  const { editor, written } = editorOn(["set frontend w\t", "\r"]);
  assert.deepEqual(await editor.readLine(HISTORY), { kind: "line", text: "set frontend w" });
  assert.doesNotMatch(written.join(""), /away/);
  assert.ok(written.join("").includes("\x07"));
});

Deno.test("? shows the continuations, and is not inserted", async () => {
  const { editor, written } = editorOn(["show x\x02?", "\r"]);
  assert.deepEqual(await editor.readLine(HISTORY), { kind: "line", text: "show x" });
  assert.match(written.join(""), /\r\nversion {2,}\S.*\r\nfrontends {2,}\S/);
});

Deno.test("? after an unknown word shows the error", async () => {
  const { editor, written } = editorOn(["shwo ?", "\r"]);
  await editor.readLine(HISTORY);
  assert.match(written.join(""), /"shwo"/);
});

Deno.test("Ctrl-L clears the screen, and a resumed shell draws its line again", async () => {
  const { editor, written } = editorOn(["ab\x0c", { kind: "resume" }, { kind: "resize" }, "\r"]);
  assert.deepEqual(await editor.readLine(HISTORY), { kind: "line", text: "ab" });
  assert.ok(written.join("").includes("\x1b[H\x1b[2J> ab"));
});
