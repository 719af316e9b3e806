import assert from "node:assert/strict";
import { ANSWER_TIMED_OUT, answered, printable, type Stage, verdictOf } from "./outcome.ts";

function osError(code: string, message = "text of the system"): Error {
  return Object.assign(new Error(message), { code });
}

Deno.test("verdictOf() tells the server's faults, by stage", () => {
  const cases: [error: unknown, stage: Stage, code: string, detail: string][] = [
    [osError("ECONNREFUSED"), "connect", "L4CON", "connection refused"],
    [osError("ECONNRESET"), "connect", "L4CON", "connection reset"],
    [osError("EHOSTUNREACH"), "connect", "L4CON", "no route to host"],
    [osError("ENETUNREACH"), "connect", "L4CON", "network unreachable"],
    [osError("EPERM"), "connect", "L4CON", "forbidden by the local firewall"],
    [osError("ETIMEDOUT"), "connect", "L4TOUT", "connection timed out"],
    [osError("EWEIRD"), "connect", "L4CON", "text of the system"],
    ["thrown text", "connect", "L4CON", "thrown text"],
    [null, "connect", "L4CON", "null"],
    [osError("ECONNRESET"), "answer", "L7RSP", "connection reset before the answer was complete"],
    [
      osError("EPIPE"),
      "answer",
      "L7RSP",
      "connection closed by the server before the answer was complete",
    ],
    [osError("ETIMEDOUT"), "answer", "L7TOUT", ANSWER_TIMED_OUT.detail],
  ];
  for (const [error, stage, code, detail] of cases) {
    const layer = stage === "connect" ? "L4" : "L7";
    assert.deepEqual(verdictOf(error, stage), { ok: false, layer, code, detail, ours: false });
  }
});

Deno.test("verdictOf() accuses nobody of what we lack", () => {
  const errors = [osError("EMFILE"), osError("ENFILE"), osError("ENOBUFS"), osError("ENOMEM")];
  for (const error of errors) {
    for (const stage of ["connect", "answer"] as const) {
      const verdict = verdictOf(error, stage);
      assert.equal(verdict.ours, true, error.message);
      assert.equal(verdict.ok, false);
      assert.notEqual(verdict.detail, "");
    }
  }
  assert.match(verdictOf(osError("EMFILE"), "connect").detail, /file descriptors/);
});

Deno.test("verdictOf() calls a fault that will last a failure, for void it would last for ever", () => {
  const notCapable = Object.assign(new Error("Requires net access"), { name: "NotCapable" });
  for (const error of [osError("EADDRNOTAVAIL"), notCapable]) {
    const { ok, code, ours } = verdictOf(error, "connect");
    assert.deepEqual({ ok, code, ours }, { ok: false, code: "L4CON", ours: false });
  }
});

Deno.test("printable() keeps control characters and long texts out of logs and terminals", () => {
  assert.equal(printable("a\r\n\x1b[31mb\u202ec\u2028"), "a???[31mb?c?");
  assert.equal(printable("é 東 ok"), "é 東 ok");
  assert.equal(printable("x".repeat(1000)).length, 200);
});

Deno.test("answered() is a pass with its status", () => {
  assert.deepEqual(answered(204), {
    ok: true,
    layer: "L7",
    code: "L7OK",
    detail: "status 204",
    ours: false,
  });
});
