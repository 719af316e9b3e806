import assert from "node:assert/strict";
import { FakeClock } from "../../../tests/support/fakes/fake_clock.ts";
import { MaglevError } from "../../base/errors.ts";
import type { messages } from "../../grpc/client/client.ts";
import { answerJson } from "../../grpc/client/json.ts";
import { type WatchedServer, watchEvents } from "./watch.ts";

type Step = string | messages.Event | Error;

/**
 * A server with scripted streams, one list for each attempt; then it hangs. A stream that
 * begins with "silent" never begins.
 */
function server(address: string, attempts: Step[][], requests: unknown[] = []): WatchedServer {
  return {
    address,
    endpoint: { server: address, tls: false, token: false, timeoutMs: 1000 },
    close: () => {},
    client: {
      async *watch(request, { signal, onOpen } = {}) {
        requests.push(request);
        const steps = attempts.shift() ?? [];
        const silent = steps[0] === "silent";
        if (!silent && !(steps[0] instanceof Error)) onOpen?.();
        for (const step of silent ? [] : steps) {
          if (step instanceof Error) throw step;
          yield typeof step === "string" ? event(step) : step;
        }
        if (attempts.length > 0 && !silent) return;
        await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
        throw new MaglevError("aborted", "cancelled");
      },
    },
  };
}

function event(name: string): messages.Event {
  const transition = { from: "up", to: "down", atUnixNs: 5n };
  return { event: { $case: "frontend", value: { name, transition } } };
}

interface Watched {
  readonly lines: string[];
  readonly said: string[];
  readonly ok: Promise<boolean>;
  readonly clock: FakeClock;
  readonly stop: AbortController;
}

/** JSON unless `output` is given. */
function watch(
  servers: WatchedServer[],
  args: Record<string, string> = {},
  output: "text" | "json" = "json",
): Watched {
  const [lines, said]: [string[], string[]] = [[], []];
  const clock = new FakeClock();
  const stop = new AbortController();
  const ok = watchEvents({
    servers,
    args,
    json: output === "json" ? (event) => answerJson("WatchEvents", event) : undefined,
    color: false,
    clock,
    prng: () => 0,
    write: (line) => void lines.push(line),
    say: (message) => void said.push(message),
    signal: stop.signal,
  });
  return { lines, said, ok, clock, stop };
}

const AWAY = new MaglevError("unavailable", "No connection established. Last error: ECONNREFUSED");

Deno.test("watch events --output json writes a line of JSON for each event, and ends after num", async () => {
  const { lines, said, ok } = watch([server("a:1", [["x", "y", "z"]])], { num: "2" });
  assert.equal(await ok, true);
  assert.deepEqual(said, []);
  assert.deepEqual(
    lines,
    ["x", "y"].map((name) =>
      `{"frontend":{"name":"${name}","transition":{"from":"up","to":"down","atUnixNs":"5"}}}\n`
    ),
  );
});

Deno.test("watch events as text shows a transition once, and counts it once", async () => {
  const record: messages.Event = {
    event: {
      $case: "log",
      value: {
        time: "2026-03-01T09:30:00.251Z",
        level: "INFO",
        msg: "frontend-transition",
        attributes: [{ key: "frontend", value: "x" }],
      },
    },
  };
  const { lines, ok } = watch([server("a:1", [["x", record, "y", "z"]])], { num: "2" }, "text");
  assert.equal(await ok, true);
  assert.deepEqual(lines, [
    "1970-01-01 00:00:00.000Z  frontend  x  up → down\n",
    "1970-01-01 00:00:00.000Z  frontend  y  up → down\n",
  ]);
});

Deno.test("watch events escapes characters that would affect a terminal", async () => {
  const { lines, ok } = watch([server("a:1", [["\x1b[2J\u009b\u202e\n"]])], { num: "1" });
  await ok;
  assert.match(lines[0]!, /"name":"\\u001b\[2J\\u009b\\u202e\\n"/);
});

Deno.test("watch events of several servers names the server of an event", async () => {
  const { lines, ok } = watch([server("a:1", [["x"]]), server("b:2", [["y"]])], { num: "2" });
  await ok;
  const whose = lines.map((line) => JSON.parse(line)).map(({ server, frontend }) =>
    `${server} ${frontend.name}`
  );
  assert.deepEqual(whose.sort(), ["a:1 x", "b:2 y"]);
});

Deno.test("watch events requests the chosen kinds", async () => {
  const requests: unknown[] = [];
  const args = { num: "1", log: "", level: "warn", frontend: "" };
  await watch([server("a:1", [["x"]], requests)], args).ok;
  assert.deepEqual(requests, [{
    log: true,
    logLevel: "warn",
    backend: false,
    frontend: true,
    backendNames: [],
    frontendNames: [],
  }]);
  requests.length = 0;
  await watch([server("a:1", [["x"]], requests)], { num: "1", backend: "web1", frontend: "web" })
    .ok;
  assert.deepEqual(requests, [{
    log: false,
    logLevel: "",
    backend: true,
    frontend: true,
    backendNames: ["web1"],
    frontendNames: ["web"],
  }]);
});

Deno.test("watch events continues after a server was away, and reports loss and return once each", async () => {
  const attempts = [["x", AWAY], [AWAY], [AWAY], ["y"]];
  const { lines, said, ok, clock, stop } = watch([server("a:1", attempts)]);
  await clock.advanceAsync(10_000);
  assert.equal(lines.length, 2);
  assert.deepEqual(said, [
    "a:1 went away (connection refused: no process listens there; is maglevd running?); trying again",
    "a:1 is back; its present state comes first",
  ]);
  stop.abort();
  assert.equal(await ok, true);
  assert.equal(clock.timers, 0);
});

Deno.test("watch events gives up a server that is away from the beginning, or that refuses", async () => {
  const refused = new MaglevError("permission-denied", "WatchEvents needs role viewer");
  const one = watch([server("a:1", [[AWAY], ["x"]])]);
  assert.equal(await one.ok, false);
  assert.match(one.said[0]!, /^a:1: connection refused/);
  const two = watch([server("a:1", [["x", refused], ["y"]])]);
  assert.equal(await two.ok, false);
  assert.deepEqual(two.said, ["WatchEvents needs role viewer"]);
});

Deno.test("watch events gives up a server whose stream does not begin in time", async () => {
  const { said, ok, clock, lines } = watch([server("a:1", [["silent"]])]);
  await clock.advanceAsync(999);
  assert.deepEqual(said, []);
  await clock.advanceAsync(1);
  assert.equal(await ok, false);
  assert.match(said[0]!, /^a:1: no answer within 1s: the stream of events did not begin/);
  assert.deepEqual([lines, clock.timers], [[], 0]);
});

Deno.test("watch events waits without limit for events, and for a server to return", async () => {
  const { said, clock, stop, ok } = watch([server("a:1", [["x", AWAY], ["silent"]])]);
  await clock.advanceAsync(3_600_000);
  assert.deepEqual(said.length, 1);
  stop.abort();
  assert.equal(await ok, true);
  const quiet = watch([server("a:1", [[]])]);
  await quiet.clock.advanceAsync(3_600_000);
  assert.deepEqual(quiet.said, []);
  quiet.stop.abort();
  assert.equal(await quiet.ok, true);
});

Deno.test("watch events continues with the remaining servers", async () => {
  const servers = [server("a:1", [[AWAY], []]), server("b:2", [["x", "y"]])];
  const { lines, ok } = watch(servers, { num: "2" });
  assert.equal(await ok, false);
  assert.equal(lines.length, 2);
});

Deno.test("watch events ends when its output does", async () => {
  const failing = watchEvents({
    servers: [server("a:1", [["x"]])],
    args: {},
    json: undefined,
    color: false,
    clock: new FakeClock(),
    prng: () => 0,
    write: () => {
      throw new Error("full");
    },
    say: () => {},
    signal: new AbortController().signal,
  });
  await assert.rejects(failing, /^Error: full$/);
});
