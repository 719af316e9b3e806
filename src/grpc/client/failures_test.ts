import assert from "node:assert/strict";
import { type ErrorCode, MaglevError } from "../../base/errors.ts";
import { type Endpoint, failureLine, isUnreached } from "./failures.ts";

const ENDPOINT: Endpoint = {
  server: "a:9090",
  tls: false,
  token: false,
  timeoutMs: 10_000,
  timeoutFlag: "--timeout",
};
const noConnection = (last: string) =>
  `No connection established. Last error: ${last}. Resolution note: `;

/** Texts of the library and of the server. */
const CASES: [string, ErrorCode, string, Partial<Endpoint>, string][] = [
  [
    "nothing listens",
    "unavailable",
    noConnection("Error: connect ECONNREFUSED 127.0.0.1:9090"),
    {},
    "a:9090: connection refused: no process listens there; is maglevd running?",
  ],
  [
    "nothing listens on the socket",
    "unavailable",
    noConnection("Error: connect ECONNREFUSED /x"),
    { server: "unix:/x" },
    "unix:/x: connection refused: no process listens on it",
  ],
  [
    "no socket",
    "unavailable",
    noConnection("Error: connect ENOENT /x"),
    { server: "unix:/x" },
    "unix:/x: no such socket; is maglevd running?",
  ],
  [
    "no such name",
    "unavailable",
    "Name resolution failed for target dns:a:9090",
    {},
    "a:9090: cannot be reached: this name has no address",
  ],
  [
    "no /etc/hosts",
    "unavailable",
    "Name resolution failed for target dns:localhost:9090",
    { server: "localhost:9090" },
    "localhost:9090: cannot be reached: this name has no address; add localhost to /etc/hosts, " +
    "or use 127.0.0.1",
  ],
  [
    "no route",
    "unavailable",
    noConnection("Error: connect EHOSTUNREACH 192.0.2.1:9090"),
    {},
    "a:9090: cannot be reached: connect EHOSTUNREACH 192.0.2.1:9090",
  ],
  [
    "another protocol",
    "unavailable",
    noConnection("Protocol error (2026-11-21T09:38:35.587Z)"),
    {},
    "a:9090: it does not speak gRPC (Protocol error); is it maglevd's gRPC port? add --tls " +
    "if it speaks TLS",
  ],
  ["a server that ends", "unavailable", "Connection dropped", {}, "a:9090: the connection ended"],
  [
    "one that had ended",
    "unavailable",
    "connection dropped: x",
    {},
    "a:9090: the connection ended",
  ],
  [
    "a server that answered before, and dies",
    "unavailable",
    noConnection("read ECONNRESET (2026-11-21T09:38:35.587Z)"),
    { answered: true },
    "a:9090: the connection ended",
  ],
  [
    "a call that is broken off",
    "aborted",
    "Call cancelled",
    {},
    "a:9090: the call was aborted (Call cancelled); is it maglevd's gRPC port?",
  ],
  [
    "a stream that is broken off",
    "internal",
    "Received RST_STREAM with code 2 (Internal server error)",
    {},
    "a:9090: the call was aborted (Received RST_STREAM with code 2 (Internal server error)); " +
    "is it maglevd's gRPC port?",
  ],
  [
    "a server that dies while it answers",
    "internal",
    "Received RST_STREAM with code 2 triggered by internal client error: This socket has been " +
    "ended by the other party",
    {},
    "a:9090: the connection ended",
  ],
  [
    "a server that dies while it is written to",
    "internal",
    "Received RST_STREAM with code 2 triggered by internal client error: write EPIPE",
    {},
    "a:9090: the connection ended",
  ],
  [
    "too much",
    "resource-exhausted",
    "Received message larger than max (71821750 vs 16777216)",
    {},
    "cannot read the answer: need at most 16777216 bytes, have 71821750",
  ],
  ["a limit of the server", "resource-exhausted", "too many calls", {}, "too many calls"],
  [
    "an answer that is none",
    "internal",
    "Response message parsing error: cannot read the answer as maglev.VersionInfo: it ends within a field",
    {},
    "cannot read the answer as maglev.VersionInfo: it ends within a field",
  ],
  [
    "TLS with a server that has none",
    "unavailable",
    noConnection("Error: received corrupt message of type InvalidContentType"),
    { tls: true },
    "a:9090: TLS failed: received corrupt message of type InvalidContentType; does the server " +
    "speak TLS? --tls=false connects without it",
  ],
  [
    "TLS and a certificate that is not trusted",
    "unavailable",
    noConnection("Error: invalid peer certificate: UnknownIssuer"),
    { tls: true },
    "a:9090: TLS failed: invalid peer certificate: UnknownIssuer (--tls-ca names the authority " +
    "of its certificate)",
  ],
  [
    "no connection in time",
    "deadline-exceeded",
    "Deadline exceeded after 1.505s,name resolution: 0.001s,Waiting for LB pick",
    {},
    "a:9090: no answer within 10s: no connection was established; --timeout waits longer",
  ],
  [
    "no answer in time",
    "deadline-exceeded",
    "Deadline exceeded after 1.5s,remote_addr=127.0.0.1:1",
    {},
    "a:9090: no answer within 10s: connected, but the server does not answer; --timeout waits longer",
  ],
  [
    "no stream in time",
    "deadline-exceeded",
    "Deadline exceeded: the stream has not begun",
    {},
    "a:9090: no answer within 10s: the stream of events did not begin; --timeout waits longer",
  ],
  [
    "VPP is away, which is the server's own word",
    "unavailable",
    "VPP API connection not established: connect ENOENT",
    {},
    "VPP API connection not established: connect ENOENT",
  ],
  [
    "no right, tokens",
    "unauthenticated",
    "PauseBackend needs role operator; …: present a token with role operator as …",
    {},
    "PauseBackend needs role operator; …: present a token with role operator as … (--token-file)",
  ],
  [
    "no right, certificates",
    "permission-denied",
    "PauseBackend needs role operator; …: present a client certificate",
    {},
    "PauseBackend needs role operator; …: present a client certificate (--tls-cert and --tls-key)",
  ],
  [
    "a wrong token",
    "unauthenticated",
    "unknown token: need one from the token file",
    { token: true },
    "unknown token: need one from the token file (--token-file)",
  ],
  [
    "a wrong token that is not ours",
    "unauthenticated",
    "unknown token: need one from the token file",
    {},
    "unknown token: need one from the token file",
  ],
  [
    "an older server",
    "unimplemented",
    "no such method",
    {},
    "a:9090: the server does not support this command: no such method",
  ],
  ["a name", "not-found", 'no backend "x"', {}, 'no backend "x"'],
];

Deno.test("failureLine() has the server, the reason and the fix", async (t) => {
  for (const [name, code, message, endpoint, expected] of CASES) {
    await t.step(name, () => {
      const error = new MaglevError(code, message);
      assert.equal(failureLine(error, { ...ENDPOINT, ...endpoint }, false), expected);
    });
  }
});

Deno.test("failureLine() always names the server when there are several", () => {
  const error = new MaglevError("not-found", 'no backend "x"');
  assert.equal(failureLine(error, ENDPOINT, true), 'a:9090: no backend "x"');
});

Deno.test("isUnreached() distinguishes failed connections from answers", () => {
  assert.ok(isUnreached(new MaglevError("unavailable", noConnection("x"))));
  assert.ok(isUnreached(new MaglevError("deadline-exceeded", "Deadline exceeded after 1s")));
  assert.ok(!isUnreached(new MaglevError("deadline-exceeded", "VPP did not answer")));
  assert.ok(!isUnreached(new MaglevError("unavailable", "maglevd is stopping")));
  assert.ok(!isUnreached(new MaglevError("not-found", "No connection established")));
});
