/**
 * maglevc against a server that is not a maglevd, or a broken one: it ends in time, with the
 * reason.
 */
import assert from "node:assert/strict";
import { FRAME, frame, header } from "../support/servers/raw_h2.ts";
import { maglevc } from "../support/terminals/maglevc.ts";

/** A frame of the first call; `flags`: 1 ends the stream, 4 the headers. */
function answer(type: number, payload: Iterable<number>, flags = 0): Uint8Array {
  return frame(type, { stream: 1, payload: Uint8Array.from(payload), flags });
}

const SETTINGS = frame(FRAME.settings);
/** For all streams, ENHANCE_YOUR_CALM. */
const GOAWAY = frame(FRAME.goaway, { payload: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 11) });
const OK = [0x88, ...header("content-type", "application/grpc")];
/** UNKNOWN, without a word. */
const NO_REASON = answer(FRAME.headers, [...OK, ...header("grpc-status", "2")], 5);
const HEADERS = answer(FRAME.headers, OK, 4);
/** Compressed no, and a length of 4 GiB. */
const ENDLESS = answer(FRAME.data, [0, 255, 255, 255, 255, 120]);
const RESET = answer(FRAME.reset, [0, 0, 0, 2]);

interface Server {
  /** Sent to each client. */
  readonly first: Iterable<number>;
  /** Sent when a call has come. */
  readonly then?: Iterable<number>;
}

/** Runs `fn` with a server that sends these bytes, and then stays silent. */
async function withServer(
  { first, then = [] }: Server,
  fn: (run: (...args: string[]) => ReturnType<typeof maglevc>) => Promise<void>,
): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "maglevc-home-" });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.Conn>();
  const serve = async (connection: Deno.Conn) => {
    const buffer = new Uint8Array(65536);
    let length = 0;
    await connection.write(Uint8Array.from(first));
    for (let answered = false;;) {
      const count = await connection.read(buffer.subarray(length));
      if (count === null) return;
      length += count;
      if (answered || !hasHeaders(buffer.subarray(0, length))) continue;
      await connection.write(Uint8Array.from(then));
      answered = true;
    }
  };
  const accepting = (async () => {
    for await (const connection of listener) {
      connections.add(connection);
      serve(connection).catch(() => {});
    }
  })();
  try {
    const { port } = listener.addr as Deno.NetAddr;
    await fn((...args) => maglevc(["--server", `127.0.0.1:${port}`, ...args], { home }));
  } finally {
    listener.close();
    await accepting;
    for (const connection of connections) connection.close();
    await Deno.remove(home, { recursive: true });
  }
}

/** True when there is a frame of headers, which begins a call. */
function hasHeaders(bytes: Uint8Array): boolean {
  const preface = 24;
  for (let at = preface; at + 9 <= bytes.length;) {
    const [high = 0, middle = 0, low = 0, type] = bytes.subarray(at);
    if (type === 1) return true;
    at += 9 + (high << 16 | middle << 8 | low);
  }
  return false;
}

const CASES: readonly [name: string, server: Server, message: RegExp][] = [
  ["sends GOAWAY immediately", { first: [...SETTINGS, ...GOAWAY] }, /: the connection ended$/],
  ["speaks HTTP/1.1", { first: [...new TextEncoder().encode("HTTP/1.1 400 Bad\r\n\r\n")] }, /gRPC/],
  ["resets the call", { first: SETTINGS, then: RESET }, /: the call was aborted \(Received/],
  ["fails without a word", { first: SETTINGS, then: NO_REASON }, /: the server gave no reason/],
  [
    "announces more than there may be",
    { first: SETTINGS, then: [...HEADERS, ...ENDLESS] },
    /: cannot read the answer: need at most \d+ bytes, have 4294967295$/,
  ],
  ["stays silent", { first: SETTINGS }, /: no answer within 1s: /],
];

for (const [name, server, message] of CASES) {
  Deno.test(`a server that ${name} is exit 1, with the reason`, async () => {
    await withServer(server, async (run) => {
      for (const command of [["show", "version"], ["watch", "events"]]) {
        const { code, stdout, stderr } = await run("--timeout", "1s", ...command);
        assert.deepEqual([code, stdout, stderr.split("\n").length], [1, "", 2], stderr);
        assert.match(stderr.trimEnd(), /^maglevc: /);
        assert.match(stderr.trimEnd(), message);
      }
    });
  });
}
