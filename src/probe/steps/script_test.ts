import assert from "node:assert/strict";
import { fuzz, rounds } from "../../../tests/support/fakes/fuzz.ts";
import type { TcpStep } from "../../config/model.ts";
import { type Matcher, MAX_PIECES, MAX_UNMATCHED_BYTES, scriptOf, Unmatched } from "./script.ts";
import { Steps } from "./steps.ts";

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

const expect = (text: string): TcpStep => ({ kind: "expect", text });
const regexp = (text: string): TcpStep => ({ kind: "expect-regexp", text });
const send = (text: string): TcpStep => ({ kind: "send", text });

/** Runs the steps against pieces that arrive in turn, and then the end. */
async function converse(steps: readonly TcpStep[], pieces: readonly string[]) {
  const sent: number[] = [];
  const left = pieces.map(bytesOf);
  const verdict = await new Steps(scriptOf(steps)).run({
    read(buffer) {
      const piece = left.shift();
      if (piece === undefined) return Promise.resolve(null);
      const count = Math.min(piece.length, buffer.length);
      buffer.set(piece.subarray(0, count));
      if (count < piece.length) left.unshift(piece.slice(count));
      return Promise.resolve(count);
    },
    // Takes three bytes at a time.
    write(bytes) {
      sent.push(...bytes.subarray(0, 3));
      return Promise.resolve(Math.min(3, bytes.length));
    },
    close() {},
  });
  return { code: verdict.code, detail: verdict.detail, sent: String.fromCharCode(...sent) };
}

const SMTP = [
  regexp("^220 .*\\r\\n"),
  send("EHLO probe.example\r\n"),
  regexp("^(250-.*\\r\\n)*250 .*\\r\\n"),
  send("QUIT\r\n"),
  expect("221 "),
];
const SMTP_ANSWERS = [
  "220 mail.example ESMTP\r\n",
  "250-mail.example\r\n250-SIZE 1000\r\n250 HELP\r\n",
  "221 Bye\r\n",
];

Deno.test("Steps passes a conversation in order, however its bytes are cut", async () => {
  const all = SMTP_ANSWERS.join("");
  for (let cut = 0; cut <= all.length; cut++) {
    const pieces = [all.slice(0, cut), all.slice(cut)].filter((piece) => piece !== "");
    assert.deepEqual(await converse(SMTP, pieces), {
      code: "L7OK",
      detail: "5 steps",
      sent: "EHLO probe.example\r\nQUIT\r\n",
    });
  }
  assert.equal((await converse(SMTP, [...all])).code, "L7OK", "byte by byte");
});

Deno.test("Steps fails at the first step that is not met, and names it", async () => {
  const cases: [steps: TcpStep[], pieces: string[], verdict: string][] = [
    [
      [expect("ready")],
      [],
      "L7RSP step 1 of 1 (expect): the server closed the connection; nothing arrived",
    ],
    [
      [send("x"), expect("ready")],
      ["rea", "dx"],
      "L7RSP step 2 of 2 (expect): the server closed the connection; 5 bytes arrived, without a match",
    ],
    // In order: what matched one step cannot match the next.
    [
      [expect("a"), expect("a")],
      ["a"],
      "L7RSP step 2 of 2 (expect): the server closed the connection; nothing arrived",
    ],
    [
      [expect("b"), expect("a")],
      ["ab"],
      "L7RSP step 2 of 2 (expect): the server closed the connection; nothing arrived",
    ],
    [
      [expect("a"), regexp("^c")],
      ["abc"],
      "L7RSP step 2 of 2 (expect-regexp): the server closed the connection; 2 bytes arrived, " +
      "without a match",
    ],
    [
      [expect("ready")],
      ["x".repeat(MAX_UNMATCHED_BYTES + 1)],
      `L7STS step 1 of 1 (expect): failed; ${MAX_UNMATCHED_BYTES} bytes arrived, without a match`,
    ],
    [
      [expect("ready")],
      Array(MAX_PIECES + 1).fill("x"),
      `L7STS step 1 of 1 (expect): failed; ${MAX_PIECES} bytes arrived, without a match`,
    ],
  ];
  for (const [steps, pieces, verdict] of cases) {
    const { code, detail } = await converse(steps, pieces);
    assert.equal(`${code} ${detail}`, verdict);
  }
});

Deno.test("Steps matches bytes that are not text", async () => {
  const greeting = "\x4a\0\0\0\x0a8.0\0";
  const steps = [expect("hex:0a"), regexp("^8\\.[0-9]+\\x00"), send("hex:ff00")];
  assert.deepEqual(await converse(steps, [greeting]), {
    code: "L7OK",
    detail: "3 steps",
    sent: "\xff\0",
  });
  // As in Go, a byte that is not UTF-8 is U+FFFD in an expression.
  assert.equal((await converse([regexp("^\\x{fffd}$")], ["\xff"])).code, "L7OK");
});

Deno.test("Unmatched finds a literal as a search in the whole text does, and stays bounded", () => {
  const { seed, below } = fuzz(19);
  for (let round = 0; round < rounds(300); round++) {
    const text = Array.from({ length: below(40) }, () => "aab\xff"[below(4)]).join("");
    const wanted = Array.from({ length: 1 + below(6) }, () => "aab"[below(3)]).join("");
    const [step] = scriptOf([expect(wanted)]);
    assert.ok(step?.kind === "expect");
    const unmatched = new Unmatched();
    let taken = "";
    for (let at = 0; at < text.length;) {
      const length = 1 + below(5);
      unmatched.add(bytesOf(text.slice(at, at + length)));
      at += length;
      while (unmatched.take(step.matcher)) taken += ".";
    }
    const message = `seed ${seed}, round ${round}: ${JSON.stringify([text, wanted])}`;
    assert.equal(taken.length, text.split(wanted).length - 1, message);
    assert.ok(unmatched.size <= text.length, message);
  }
});

/** `bytes`, with the reads of single bytes counted. */
function counted(bytes: Uint8Array, onRead: () => void): Uint8Array {
  return new Proxy(bytes, {
    get(target, key) {
      if (typeof key === "string" && /^[0-9]+$/.test(key)) onRead();
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

Deno.test("Unmatched reads each byte once for a literal, however small its pieces are", () => {
  const piece = bytesOf("2".repeat(MAX_UNMATCHED_BYTES / MAX_PIECES));
  // A server that sends the beginning of the expectation again and again.
  for (const wanted of ["221 ", `${"2".repeat(1000)}1`]) {
    let reads = 0;
    const [step] = scriptOf([expect(wanted)]);
    assert.ok(step?.kind === "expect");
    const { matcher } = step;
    const counting: Matcher = {
      endIn: (bytes, progress) => matcher.endIn(counted(bytes, () => reads++), progress),
    };
    const unmatched = new Unmatched();
    while (!unmatched.isFull) {
      unmatched.add(piece);
      assert.ok(!unmatched.take(counting));
    }
    assert.equal(unmatched.size, MAX_UNMATCHED_BYTES);
    assert.equal(reads, MAX_UNMATCHED_BYTES, wanted);
  }
});
