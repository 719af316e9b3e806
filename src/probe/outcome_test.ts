import assert from "node:assert/strict";
import {
  ANSWER_TIMED_OUT,
  answered,
  type Attempt,
  connectVerdict,
  printable,
  type Stage,
  verdictOf,
} from "./outcome.ts";

function osError(code: string, message = "text of the system"): Error {
  return Object.assign(new Error(message), { code });
}

Deno.test("verdictOf() returns the server's failures by stage", () => {
  const cases: [error: unknown, stage: Stage, code: string, detail: string][] = [
    [osError("ECONNREFUSED"), "connect", "L4CON", "connection refused"],
    [osError("ECONNRESET"), "connect", "L4CON", "connection reset"],
    [osError("EHOSTUNREACH"), "connect", "L4CON", "no route to host"],
    [osError("ENETUNREACH"), "connect", "L4CON", "network unreachable"],
    [osError("ETIMEDOUT"), "connect", "L4TOUT", "connection timed out"],
    [osError("EHOSTDOWN"), "connect", "L4CON", "host is down"],
    [osError("EWEIRD"), "answer", "L7RSP", "text of the system before the answer was complete"],
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
    assert.deepEqual(verdictOf(error, stage), {
      ok: false,
      layer,
      code,
      detail,
      inconclusive: false,
    });
  }
});

Deno.test("verdictOf() is inconclusive for a lack of this host", () => {
  const errors = [osError("EMFILE"), osError("ENFILE"), osError("ENOBUFS"), osError("ENOMEM")];
  for (const error of errors) {
    for (const stage of ["connect", "answer"] as const) {
      const verdict = verdictOf(error, stage);
      assert.equal(verdict.inconclusive, true, error.message);
      assert.equal(verdict.ok, false);
      assert.notEqual(verdict.detail, "");
    }
  }
  assert.match(verdictOf(osError("EMFILE"), "connect").detail, /file descriptors/);
});

Deno.test("verdictOf() is inconclusive for missing permissions and unknown errors", () => {
  const notCapable = Object.assign(new Error("Requires net access"), { name: "NotCapable" });
  const cases: [error: unknown, lack: string, detail: RegExp][] = [
    [
      notCapable,
      "permission",
      /^maglevd was started without the permission to connect there \(--allow-net\)$/,
    ],
    [osError("EWEIRD"), "prober", /unknown error: text of the system$/],
    ["thrown text", "prober", /unknown error: thrown text$/],
    [null, "prober", /unknown error: null$/],
  ];
  for (const [error, lack, detail] of cases) {
    const verdict = verdictOf(error, "connect");
    assert.deepEqual([verdict.ok, verdict.inconclusive, verdict.lack], [false, true, lack]);
    assert.match(verdict.detail, detail);
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
    inconclusive: false,
  });
});

/** An attempt with preset results: from the source, and from any address. */
function attempt(
  change: Partial<Attempt> & { ways?: [source: string | undefined, any: string | undefined] },
): Attempt {
  const { ways = ["", ""], ...rest } = change;
  return {
    source: undefined,
    family: 4,
    route: (source) => (source === undefined ? ways[1] : ways[0]),
    ...rest,
  };
}

Deno.test("connectVerdict() resolves errors with two meanings", () => {
  const node = (code: string, syscall = "connect") => Object.assign(osError(code), { syscall });
  const bound = { source: "192.0.2.9" };
  const cases: [what: string, Error, Attempt, lack: string | undefined, detail: RegExp][] = [
    ["no port", osError("EADDRNOTAVAIL"), attempt({}), "ports", /^no local port is free \(/],
    ["the same in node:net", node("EINVAL"), attempt({}), "ports", /^no local port is free \(/],
    [
      "the same without the shim",
      node("EINVAL"),
      attempt({ ways: [undefined, undefined] }),
      "ports",
      /^no local port is free \(/,
    ],
    [
      "no port at the source",
      node("EADDRINUSE"),
      attempt(bound),
      "ports",
      /^no local port is free/,
    ],
    [
      "no address of the family",
      osError("EADDRNOTAVAIL"),
      attempt({ ways: ["EADDRNOTAVAIL", "EADDRNOTAVAIL"] }),
      "family",
      /^this host has no address from which/,
    ],
    [
      "a blackhole route",
      osError("EINVAL"),
      attempt({ ways: ["EINVAL", "EINVAL"] }),
      undefined,
      /^no usable route: a blackhole/,
    ],
    [
      "the same in node:net",
      node("EINVAL"),
      attempt({ ways: ["EINVAL", "EINVAL"] }),
      undefined,
      /^no usable route: a blackhole/,
    ],
    [
      "a blackhole route, from a source",
      node("EINVAL"),
      attempt({ ...bound, ways: ["EINVAL", "EINVAL"] }),
      undefined,
      /^no usable route: a blackhole/,
    ],
    [
      "a source that does not fit",
      node("EINVAL"),
      attempt({ ...bound, ways: ["EINVAL", ""] }),
      "source-address",
      /^the target cannot be reached from source address 192\.0\.2\.9$/,
    ],
    [
      "a source that vanished after bind",
      node("EINVAL"),
      attempt({ ...bound, ways: ["EADDRNOTAVAIL", ""] }),
      "source-address",
      /^source address 192\.0\.2\.9 is not on this host$/,
    ],
    [
      "a source that is missing",
      node("EINVAL", "bind"),
      attempt(bound),
      "source-address",
      /^source address 192\.0\.2\.9 is not on this host$/,
    ],
    [
      "out of descriptors while binding",
      node("EMFILE", "bind"),
      attempt(bound),
      "descriptors",
      /LimitNOFILE/,
    ],
    [
      "a route that vanished",
      osError("ENETUNREACH"),
      attempt({ ways: ["ENETUNREACH", "ENETUNREACH"] }),
      undefined,
      /^network unreachable$/,
    ],
    [
      "a firewall of this host",
      osError("EPERM"),
      attempt({}),
      "permission",
      /firewall or security module of this host/,
    ],
    [
      "a firewall of the server, IPv6",
      osError("EACCES"),
      attempt({ family: 6 }),
      undefined,
      /^administratively prohibited by the server or a router/,
    ],
    [
      "a prohibit route of this host, IPv6",
      osError("EACCES"),
      attempt({ family: 6, ways: ["EACCES", "EACCES"] }),
      "permission",
      /`prohibit` route/,
    ],
  ];
  for (const [what, error, about, lack, detail] of cases) {
    const verdict = connectVerdict(error, about);
    assert.deepEqual(
      [verdict.ok, verdict.inconclusive, verdict.lack],
      [false, lack !== undefined, lack],
      what,
    );
    assert.match(verdict.detail, detail, what);
  }
});
