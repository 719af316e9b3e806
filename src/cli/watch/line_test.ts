import assert from "node:assert/strict";
import type { messages } from "../../grpc/client/client.ts";
import { eventLine, isDouble, type Watched } from "./line.ts";

const AT = BigInt(Date.UTC(2026, 2, 1, 9, 30, 0, 250)) * 1_000_000n;

function backend(name: string, from: string, to: string): messages.Event {
  const result = {
    ok: false,
    layer: "L7",
    code: "L7STS",
    detail: "status 503, expected 200",
    durationNs: 1n,
  };
  return {
    event: {
      $case: "backend",
      value: { name, transition: { from, to, atUnixNs: AT, result } },
    },
  };
}

function frontend(name: string, from: string, to: string): messages.Event {
  return {
    event: { $case: "frontend", value: { name, transition: { from, to, atUnixNs: AT } } },
  };
}

function log(msg: string, attributes: Readonly<Record<string, string>>): messages.Event {
  return {
    event: {
      $case: "log",
      value: {
        time: "2026-03-01T09:30:00.251Z",
        level: "INFO",
        msg,
        attributes: Object.entries(attributes).map(([key, value]) => ({ key, value })),
      },
    },
  };
}

Deno.test("eventLine() shows a transition with time, name, states and result", () => {
  const cases: [messages.Event, string][] = [
    [
      backend("web1", "up", "down"),
      "2026-03-01 09:30:00.250Z  backend  web1  up → down  L7STS status 503, expected 200\n",
    ],
    [
      backend("web1", "down", "down"),
      "2026-03-01 09:30:00.250Z  backend  web1  is down  L7STS status 503, expected 200\n",
    ],
    [
      frontend("web", "unknown", "up"),
      "2026-03-01 09:30:00.250Z  frontend  web  unknown → up\n",
    ],
    [
      log("vpp-lbsync-done", { scope: "vip", frontend: "", reason: "new kernel", path: "a=b" }),
      "2026-03-01 09:30:00.251Z  info  vpp-lbsync-done  " +
      'scope=vip frontend="" reason="new kernel" path="a=b"\n',
    ],
    [{ event: undefined }, "an event of an unknown kind\n"],
  ];
  for (const [event, line] of cases) assert.equal(eventLine(event, { color: false }), line);
});

Deno.test("eventLine() begins with the server when there are several; colour changes no text", () => {
  const event = backend("web1", "up", "down");
  const line = eventLine(event, { color: false, server: "lb1:9090" });
  assert.match(line, /^lb1:9090 {2}2026/);
  const colored = eventLine(event, { color: true, server: "lb1:9090" });
  assert.ok(colored.includes("\x1b[1;31mup → down\x1b[0m"), colored);
  const bare = colored.replaceAll(/\p{Cc}\[[\d;]*m/gu, "");
  assert.equal(bare, line);
});

Deno.test("eventLine() escapes a server's names and texts", () => {
  for (
    const event of [
      backend("\x1b[2Jweb\n", "up", "down"),
      log("x\x1b[2J", { "\x07": "\x9b31m\u202e \n" }),
    ]
  ) {
    assert.match(eventLine(event, { color: false }), /^[^\p{Cc}\p{Cf}]*\n$/u);
  }
});

Deno.test("isDouble() is true for the log's record of a transition whose event is watched too", () => {
  const all: Watched = { backend: true, frontend: true, backendNames: [], frontendNames: [] };
  const record = log("backend-transition", { backend: "web1", from: "up", to: "down" });
  const other = log("frontend-transition", { frontend: "web", from: "up", to: "down" });
  const cases: [messages.Event, Watched, boolean][] = [
    [record, all, true],
    [other, all, true],
    [record, { ...all, backend: false }, false],
    [record, { ...all, frontend: false }, true],
    [record, { ...all, backendNames: ["web1"] }, true],
    // This one has no event.
    [record, { ...all, backendNames: ["web2"] }, false],
    [log("vpp-connect", {}), all, false],
    [backend("web1", "up", "down"), all, false],
  ];
  for (const [event, watched, double] of cases) {
    assert.equal(isDouble(event, watched), double, JSON.stringify([watched, double]));
  }
});
