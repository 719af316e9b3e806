import assert from "node:assert/strict";
import {
  bytesOf,
  data,
  headers,
  healthAnswer,
  joined,
  onStream,
  SETTINGS,
} from "../../../tests/support/servers/canned_h2.ts";
import { fuzz, mutateBytes, rounds } from "../../../tests/support/fakes/fuzz.ts";
import { MAX_BODY_BYTES } from "../http/body.ts";
import { ACK, END_HEADERS, END_STREAM, FRAME, type Frame, frameBytes } from "./frames.ts";
import { headerBlock } from "./hpack.ts";
import { H2Response, MAX_FRAMES } from "./response.ts";

interface Reading {
  readonly progress: string;
  readonly status: number;
  readonly body: string;
  readonly problem: string;
}

/** Feeds an answer, cut at `cuts`, and then the end. */
function read(answer: Uint8Array, cuts: readonly number[] = [], wantsBody = true): Reading {
  const response = new H2Response({ wantsBody: () => wantsBody });
  let progress = "more";
  let at = 0;
  for (const cut of [...cuts, answer.length]) {
    // A buffer of its own, wiped afterwards: the parser must not keep references to it.
    const chunk = answer.slice(at, cut);
    progress = response.feed(chunk);
    chunk.fill(0xff);
    at = cut;
  }
  if (progress === "more") progress = response.end();
  const { status, problem } = response;
  return { progress, status, body: String.fromCharCode(...response.body.subarray(0, 9)), problem };
}

const OK = headers([[":status", "200"]]);
const control = (frame: Partial<Frame>) =>
  frameBytes({ type: 0, flags: 0, stream: 0, payload: new Uint8Array(0), ...frame });
const goaway = (last: number, code: number) =>
  control({ type: FRAME.goaway, payload: Uint8Array.of(0, 0, 0, last, 0, 0, 0, code) });

const GOOD: readonly (readonly [string, Uint8Array, string])[] = [
  ["headers alone", headers([[":status", "200"]], { end: true }), ""],
  ["a body", joined(OK, data(bytesOf("hello"), { end: true })), "hello"],
  [
    "a body in pieces",
    joined(OK, data(bytesOf("he")), data(bytesOf("llo"), { end: true })),
    "hello",
  ],
  ["trailers", joined(OK, data(bytesOf("a")), headers([["x", "y"]], { end: true })), "a"],
  [
    "an interim answer",
    joined(headers([[":status", "103"]]), OK, data(bytesOf("a"), { end: true })),
    "a",
  ],
  [
    "padding and priority",
    joined(
      onStream(
        FRAME.headers,
        END_HEADERS | 0x28,
        joined(
          Uint8Array.of(2, 0, 0, 0, 0, 9),
          headerBlock([[":status", "200"]]),
          Uint8Array.of(0, 0),
        ),
      ),
      onStream(
        FRAME.data,
        END_STREAM | 8,
        joined(Uint8Array.of(1), bytesOf("a"), Uint8Array.of(0)),
      ),
    ),
    "a",
  ],
  [
    "headers in pieces",
    joined(
      onStream(FRAME.headers, END_STREAM, headerBlock([[":status", "200"]]).subarray(0, 3)),
      onStream(FRAME.continuation, END_HEADERS, headerBlock([[":status", "200"]]).subarray(3)),
    ),
    "",
  ],
  [
    "frames that do not matter",
    joined(
      control({ type: FRAME.window, payload: Uint8Array.of(0, 0, 1, 0) }),
      control({ type: 0xee, payload: bytesOf("unknown") }),
      control({ type: FRAME.settings, flags: ACK }),
      frameBytes({ type: FRAME.data, flags: 0, stream: 3, payload: bytesOf("other") }),
      goaway(1, 0),
      OK,
      data(bytesOf("a"), { end: true }),
    ),
    "a",
  ],
];

const BROKEN: readonly (readonly [string, Uint8Array, string])[] = [
  ["nothing", new Uint8Array(0), "closed without an answer"],
  ["HTTP/1", bytesOf("HTTP/1.1 400 Bad Request\r\n\r\n"), "no HTTP/2 answer"],
  [
    "a large frame",
    joined(SETTINGS, Uint8Array.of(0, 0x40, 1, 0, 0, 0, 0, 0, 1)),
    "a frame larger than allowed",
  ],
  ["another frame first", OK, "no HTTP/2 answer"],
  ["no headers", SETTINGS, "closed before the answer was complete"],
  ["no end", joined(SETTINGS, OK), "closed before the answer was complete"],
  ["no status", joined(SETTINGS, headers([["x", "y"]])), "headers without a status"],
  ["a bad status", joined(SETTINGS, headers([[":status", "20x"]])), "headers without a status"],
  [
    "only interim",
    joined(SETTINGS, headers([[":status", "100"]], { end: true })),
    "headers without a final status",
  ],
  ["a body first", joined(SETTINGS, data(bytesOf("a"))), "malformed data"],
  ["trailers without end", joined(SETTINGS, OK, OK), "trailers before the end of the body"],
  [
    "bad HPACK",
    joined(SETTINGS, onStream(FRAME.headers, END_HEADERS, Uint8Array.of(0x80))),
    "malformed headers",
  ],
  [
    "a stray continuation",
    joined(SETTINGS, onStream(FRAME.continuation, 4, new Uint8Array(0))),
    "malformed headers",
  ],
  [
    "too much padding",
    joined(SETTINGS, onStream(FRAME.headers, 0xc, Uint8Array.of(9))),
    "malformed headers",
  ],
  [
    "headers interrupted",
    joined(SETTINGS, onStream(FRAME.headers, 0, new Uint8Array(0)), SETTINGS),
    "headers without an end",
  ],
  [
    "bad settings",
    control({ type: FRAME.settings, payload: Uint8Array.of(1) }),
    "malformed settings",
  ],
  ["a bad ping", joined(SETTINGS, control({ type: FRAME.ping })), "a malformed ping"],
  [
    "a push",
    joined(SETTINGS, onStream(FRAME.push, 4, Uint8Array.of(0, 0, 0, 2))),
    "a pushed answer, which was switched off",
  ],
  [
    "a reset",
    joined(SETTINGS, onStream(FRAME.reset, 0, Uint8Array.of(0, 0, 0, 7))),
    "the server reset the request (REFUSED_STREAM)",
  ],
  [
    "the end",
    joined(SETTINGS, goaway(1, 11)),
    "the server ended the connection (ENHANCE_YOUR_CALM)",
  ],
  [
    "the end, ours unseen",
    joined(SETTINGS, goaway(0, 0)),
    "the server ended the connection (NO_ERROR)",
  ],
];

Deno.test("H2Response reads complete answers, cut at each byte", () => {
  for (const [name, frames, body] of GOOD) {
    const answer = joined(SETTINGS, frames);
    for (let cut = 0; cut <= answer.length; cut++) {
      const reading = read(answer, [cut]);
      assert.deepEqual(
        reading,
        { progress: "done", status: 200, body, problem: "" },
        `${name} ${cut}`,
      );
    }
  }
});

Deno.test("H2Response names the problem of a broken answer, cut at each byte", () => {
  for (const [name, answer, problem] of BROKEN) {
    for (let cut = 0; cut <= answer.length; cut++) {
      assert.equal(read(answer, [cut]).problem, problem, `${name} ${cut}`);
    }
  }
});

Deno.test("H2Response answers settings and pings, and reads no body that does not matter", () => {
  const response = new H2Response({ wantsBody: () => false });
  const ping = control({ type: FRAME.ping, payload: bytesOf("12345678") });
  assert.equal(response.feed(joined(SETTINGS, ping)), "more");
  const [settings, pong] = response.takeOutgoing();
  assert.deepEqual(settings, control({ type: FRAME.settings, flags: ACK }));
  assert.deepEqual(pong, control({ type: FRAME.ping, flags: ACK, payload: bytesOf("12345678") }));
  assert.deepEqual(response.takeOutgoing(), []);
  assert.equal(response.feed(OK), "done");
});

Deno.test("H2Response is bounded in body, headers and frames", () => {
  const response = new H2Response({ wantsBody: () => true });
  assert.equal(response.feed(joined(SETTINGS, OK)), "more");
  const block = data(new Uint8Array(16_000));
  for (let i = 0; i < 4; i++) assert.equal(response.feed(block), "more");
  assert.equal(response.feed(block), "done");
  assert.equal(response.body.length, MAX_BODY_BYTES);

  const pings = new H2Response({ wantsBody: () => true });
  let progress = pings.feed(SETTINGS);
  const ping = control({ type: FRAME.ping, payload: new Uint8Array(8) });
  for (let i = 0; i < MAX_FRAMES && progress === "more"; i++) progress = pings.feed(ping);
  assert.equal(pings.problem, "too many frames");

  const endless = new H2Response({ wantsBody: () => true });
  progress = endless.feed(joined(SETTINGS, onStream(FRAME.headers, 0, new Uint8Array(0))));
  const more = onStream(FRAME.continuation, 0, new Uint8Array(16_000));
  for (let i = 0; i < 5 && progress === "more"; i++) progress = endless.feed(more);
  assert.equal(endless.problem, "more than 64 KiB of headers");
});

Deno.test("H2Response reads a body of any number of small frames, and empty ones count", () => {
  const small = new H2Response({ wantsBody: () => true });
  small.feed(joined(SETTINGS, OK));
  const line = data(bytesOf("a 12345678\n"));
  for (let i = 0; i < 2 * MAX_FRAMES; i++) assert.equal(small.feed(line), "more");
  assert.equal(small.feed(data(bytesOf("end"), { end: true })), "done");
  assert.equal(small.body.length, 2 * MAX_FRAMES * 11 + 3);
  assert.equal(new TextDecoder().decode(small.body.slice(-14)), "a 12345678\nend");

  const empty = new H2Response({ wantsBody: () => true });
  let progress = empty.feed(joined(SETTINGS, OK));
  const nothing = data(new Uint8Array(0));
  for (let i = 0; i < MAX_FRAMES && progress === "more"; i++) progress = empty.feed(nothing);
  assert.equal(empty.problem, "too many frames");
});

Deno.test("H2Response survives any change of an answer, and its end is final", () => {
  const { seed, below } = fuzz(9113);
  for (let round = 0; round < rounds(3000); round++) {
    const answer = mutateBytes(healthAnswer(1), below);
    const { progress, status, problem } = read(answer, [below(answer.length + 1)]);
    const message = `seed ${seed}, round ${round}`;
    assert.equal(progress, problem === "" ? "done" : "broken", message);
    if (progress === "done") assert.ok(status >= 200 && status <= 999, message);
  }
});
