/**
 * The probers against real servers on loopback, most of them nasty. Goal: the right verdict, in
 * time, and no leaks: no descriptor, no timer, no unread megabytes.
 */
import assert from "node:assert/strict";
import {
  answerWith,
  closedPort,
  type NastyServer,
  resetAfter,
  resetAtOnce,
  sayNothing,
  sendForEver,
  serve,
  stall,
} from "../../tests/support/servers/nasty_servers.ts";
import { healthcheck, http, TCP } from "../../tests/support/worlds/healthcheck.ts";
import { until } from "../../tests/support/judges/until.ts";
import { sockets } from "../../tests/support/servers/sockets.ts";
import { parseIp } from "../base/address.ts";
import type { HttpParams, ProbeParams } from "../config/model.ts";
import { answerVerdict, wasEstablished } from "./established.ts";
import type { Verdict } from "./outcome.ts";
import { Cancellation } from "./prober.ts";
import { probeOf } from "./probers.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

interface Run {
  readonly port: number;
  readonly params?: ProbeParams;
  readonly address?: string;
  /** Cancel after this long; default: never. */
  readonly cancelAfterMs?: number;
}

async function probe({ port, params = TCP, address = "127.0.0.1", cancelAfterMs }: Run) {
  const cancellation = new Cancellation();
  const timer = cancelAfterMs === undefined
    ? undefined
    : setTimeout(() => cancellation.cancel(), cancelAfterMs);
  const verdict = await probeOf({ address, healthcheck: healthcheck({ port, params }) })(
    cancellation,
  );
  clearTimeout(timer);
  return verdict;
}

function said({ code, detail }: Verdict): string {
  return detail === "" ? code : `${code} ${detail}`;
}

Deno.test("the TCP probe passes at a listening port, on IPv4 and IPv6", async () => {
  for (const address of ["127.0.0.1", "::1"]) {
    const server = serve(async () => {}, address);
    try {
      const verdict = await probe({ port: server.port, address });
      assert.deepEqual(verdict, {
        ok: true,
        layer: "L4",
        code: "L4OK",
        detail: "",
        inconclusive: false,
      });
    } finally {
      await server.close();
    }
  }
});

Deno.test("both probes fail at a closed port with the reason", async () => {
  for (const params of [TCP, http()]) {
    assert.equal(said(await probe({ port: closedPort(), params })), "L4CON connection refused");
  }
});

Deno.test("a hanging connection attempt is cancelled, with its descriptor, within 10 ms", async () => {
  const server = await stall();
  try {
    for (const params of [TCP, http()]) {
      const before = sockets();
      const cancellation = new Cancellation();
      const check = healthcheck({ port: server.port, params });
      const verdict = probeOf({ address: "127.0.0.1", healthcheck: check })(cancellation);
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(sockets(), before + 1, "the attempt hangs");
      const fromMs = performance.now();
      cancellation.cancel();
      assert.equal(said(await verdict), "L4TOUT no connection within the timeout");
      assert.equal(sockets(), before, "its descriptor is closed");
      assert.ok(performance.now() - fromMs < 10, `took ${performance.now() - fromMs} ms`);
    }
  } finally {
    server.close();
  }
});

Deno.test("a silent server causes a timeout; cancelling frees the socket within 10 ms", async () => {
  const server = sayNothing();
  try {
    const before = sockets();
    const cancellation = new Cancellation();
    const check = healthcheck({ port: server.port, params: http() });
    const verdict = probeOf({ address: "127.0.0.1", healthcheck: check })(cancellation);
    await until(() => server.open() === 1);
    const fromMs = performance.now();
    cancellation.cancel();
    assert.equal(said(await verdict), "L7TOUT no complete answer within the timeout");
    assert.ok(performance.now() - fromMs < 10, `took ${performance.now() - fromMs} ms`);
    await until(() => server.open() === 0);
    assert.equal(sockets(), before);
  } finally {
    await server.close();
  }
});

Deno.test("a Cancellation serves the next probe after it was used", async () => {
  const server = answerWith([OK]);
  const silent = sayNothing();
  const cancellation = new Cancellation();
  const at = (port: number) =>
    probeOf({ address: "127.0.0.1", healthcheck: healthcheck({ port, params: http() }) });
  try {
    const [first, second] = [at(silent.port), at(server.port)];
    setTimeout(() => cancellation.cancel(), 20);
    assert.equal((await first(cancellation)).code, "L7TOUT");
    cancellation.rearm();
    assert.equal((await second(cancellation)).code, "L7OK");
    cancellation.rearm();
    assert.equal((await second(cancellation)).code, "L7OK");
    cancellation.cancel();
  } finally {
    await server.close();
    await silent.close();
  }
});

Deno.test("cancelling at any moment of a connection attempt leaves no descriptor", async () => {
  const server = answerWith([OK]);
  try {
    const before = sockets();
    const pending: Promise<Verdict>[] = [];
    for (let i = 0; i < 600; i++) {
      const cancellation = new Cancellation();
      const params = i % 2 === 0 ? TCP : http();
      const check = healthcheck({ port: server.port, params });
      pending.push(probeOf({ address: "127.0.0.1", healthcheck: check })(cancellation));
      // Before the first turn, in microtasks after it, and between two turns of the event loop.
      if (i % 3 === 0) cancellation.cancel();
      else if (i % 3 === 1) void pending[i - 1]!.then(() => cancellation.cancel());
      else setTimeout(() => cancellation.cancel(), 0);
      if (i % 20 === 19) await Promise.all(pending);
    }
    for (const verdict of await Promise.all(pending)) {
      assert.match(verdict.code, /^(L4OK|L7OK|L4TOUT|L7TOUT)$/);
    }
    await until(() => server.open() === 0);
    await until(() => sockets() === before);
  } finally {
    await server.close();
  }
});

Deno.test("cancelling in the turn in which the connection was made leaves no descriptor", async () => {
  const server = answerWith([OK]);
  try {
    const before = sockets();
    for (let i = 0; i < 20; i++) {
      const cancellation = new Cancellation();
      const check = healthcheck({ port: server.port, params: i % 2 === 0 ? TCP : http() });
      const verdict = probeOf({ address: "127.0.0.1", healthcheck: check })(cancellation);
      // When this thread comes back from here, the timer is due and the connection is there: the
      // timer is served first, and cancels what has happened already.
      setTimeout(() => cancellation.cancel(), 0);
      const fromMs = performance.now();
      while (performance.now() - fromMs < 3);
      assert.match((await verdict).code, /^(L4OK|L4TOUT|L7TOUT)$/);
    }
    await until(() => server.open() === 0 && sockets() === before);
  } finally {
    await server.close();
  }
});

Deno.test("the HTTP probe sends its request as configured", async () => {
  const requests: string[] = [];
  const server = answerWith([OK], { onRequest: (text) => requests.push(text) });
  try {
    const params = http({ path: "/live", method: "HEAD", headers: [["X-Probe", "yes"]] });
    assert.equal(said(await probe({ port: server.port, params })), "L7OK status 200");
  } finally {
    await server.close();
  }
  assert.equal(requests.length, 1);
  const [line, ...headers] = requests[0]!.trimEnd().split("\r\n");
  assert.equal(line, "HEAD /live HTTP/1.1");
  assert.equal(headers[0], `Host: 127.0.0.1:${server.port}`);
  assert.match(headers[1]!, /^User-Agent: maglevd\/\d/);
  assert.deepEqual(headers.slice(2), ["Connection: close", "X-Probe: yes"]);
});

/** The behaviour of a server towards an HTTP probe, and the verdict. */
const ANSWERS: {
  readonly name: string;
  readonly server: () => NastyServer | Promise<NastyServer>;
  readonly params?: Partial<HttpParams>;
  readonly verdict: string;
  readonly cancelAfterMs?: number;
}[] = [
  {
    name: "an answer in single bytes",
    server: () => answerWith([...OK]),
    verdict: "L7OK status 200",
  },
  {
    name: "a byte at a time, too slowly",
    server: () => answerWith([...OK], { pauseMs: 20 }),
    cancelAfterMs: 200,
    verdict: "L7TOUT no complete answer within the timeout",
  },
  {
    name: "a wrong status",
    server: () => answerWith(["HTTP/1.1 503 Sorry\r\n\r\n"]),
    verdict: "L7STS status 503, expected 200",
  },
  {
    name: "a redirect, which is not followed",
    server: () => answerWith(["HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"]),
    params: { responseCodes: [[302, 302]] },
    verdict: "L7OK status 302",
  },
  {
    name: "HTTP/1.0",
    server: () => answerWith(["HTTP/1.0 200 OK\r\n\r\nfine"]),
    params: { responseRegexp: "^fine$" },
    verdict: "L7OK status 200",
  },
  {
    name: "interim answers",
    server: () => answerWith(["HTTP/1.1 103 Early Hints\r\n\r\n", OK]),
    verdict: "L7OK status 200",
  },
  {
    name: "a chunked body",
    server: () =>
      answerWith([
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhea",
        "\r\n4\r\nlthy\r\n0\r\n\r\n",
      ]),
    params: { responseRegexp: "^healthy$" },
    verdict: "L7OK status 200",
  },
  {
    name: "a body that does not match",
    server: () => answerWith([OK]),
    params: { responseRegexp: "^healthy$" },
    verdict: "L7STS status 200, but the first 2 bytes of the body do not match response-regexp",
  },
  {
    name: "a match beyond the first 64 KiB",
    server: () => answerWith([`HTTP/1.1 200 OK\r\n\r\n${"x".repeat(65_536)}healthy`]),
    params: { responseRegexp: "healthy" },
    verdict: "L7STS status 200, but the first 65536 bytes of the body do not match response-regexp",
  },
  {
    name: "a match at the end of the first 64 KiB",
    server: () => answerWith([`HTTP/1.1 200 OK\r\n\r\n${"x".repeat(65_529)}healthy and more`]),
    params: { responseRegexp: "healthy$" },
    verdict: "L7OK status 200",
  },
  {
    name: "HEAD with a body all the same",
    server: () => answerWith([OK]),
    params: { method: "HEAD" },
    verdict: "L7OK status 200",
  },
  {
    name: "a reset instead of an answer",
    server: () => resetAfter(""),
    verdict: "L7RSP connection reset before the answer was complete",
  },
  {
    name: "a reset within the headers",
    server: () => resetAfter("HTTP/1.1 200 OK\r\nServer: x"),
    verdict: "L7RSP connection reset before the answer was complete",
  },
  {
    name: "a close without an answer",
    server: () => answerWith([]),
    verdict: "L7RSP closed without an answer",
  },
  {
    name: "a close within the body",
    server: () => answerWith(["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"]),
    params: { responseRegexp: "short" },
    verdict: "L7RSP closed after 5 of 100 bytes of the body",
  },
  {
    name: "a stream that never ends, by its first line",
    server: () =>
      serve(async (connection) => {
        await connection.read(new Uint8Array(4096));
        await connection.write(
          new TextEncoder().encode(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: ok\n",
          ),
        );
        while (await connection.read(new Uint8Array(1)) !== null);
      }),
    params: { responseRegexp: "^data: ok" },
    cancelAfterMs: 2000,
    verdict: "L7OK status 200",
  },
  {
    name: "a stream that never ends and does not match",
    server: () =>
      serve(async (connection) => {
        await connection.read(new Uint8Array(4096));
        await connection.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\ndata: down\n"));
        while (await connection.read(new Uint8Array(1)) !== null);
      }),
    params: { responseRegexp: "^data: ok" },
    cancelAfterMs: 200,
    verdict: "L7TOUT no complete answer within the timeout",
  },
  {
    name: "a stream that drips, by what has come",
    server: () =>
      answerWith(["HTTP/1.1 200 OK\r\n\r\n", ..."data: ok", ..."x".repeat(500)], { pauseMs: 10 }),
    params: { responseRegexp: "ok" },
    cancelAfterMs: 2000,
    verdict: "L7OK status 200",
  },
  {
    name: "a match that the end of the body undoes",
    server: () => answerWith(["HTTP/1.1 200 OK\r\n\r\nok", "", "ay"], { pauseMs: 80 }),
    params: { responseRegexp: "^ok$" },
    verdict: "L7STS status 200, but the first 4 bytes of the body do not match response-regexp",
  },
  {
    name: "a broken chunk after a match",
    server: () =>
      answerWith(
        ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", "garbage\r\n"],
        { pauseMs: 10 },
      ),
    params: { responseRegexp: "ok" },
    verdict: "L7RSP a chunk without a size",
  },
  {
    name: "a body with what must not be in it",
    server: () => answerWith(["HTTP/1.1 200 OK\r\n\r\nstatus: DEGRADED"]),
    params: { responseRegexp: "status", responseRegexpNot: "(?i)degraded" },
    verdict: "L7STS status 200, but the body matches response-regexp-not",
  },
  {
    name: "a body that is compressed without being asked",
    server: () =>
      answerWith(["HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n??"]),
    params: { responseRegexp: "ok" },
    verdict: "L7STS status 200, but the body is compressed (gzip) and expressions match plain " +
      "text; have the server send it uncompressed",
  },
  {
    name: "a POST by its answer",
    server: () => answerWith([OK]),
    params: { method: "POST", body: '{"deep": true}' },
    verdict: "L7OK status 200",
  },
  {
    name: "chunked applied twice",
    server: () =>
      answerWith(["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"]),
    verdict: "L7RSP Transfer-Encoding: chunked, applied twice",
  },
  {
    name: "sixty interim answers before the final one",
    server: () => answerWith(["HTTP/1.1 102 Processing\r\n\r\n".repeat(60), OK]),
    verdict: "L7OK status 200",
  },
  {
    name: "a server of TLS",
    server: () => answerWith(["\x15\x03\x01\x00\x02\x02\x46"]),
    verdict: "L7RSP the server speaks TLS, not plain HTTP; use `type: https`",
  },
  ...[
    "<html><center>The plain HTTP request was sent to HTTPS port</center></html>",
    "Client sent an HTTP request to an HTTPS server.\n",
    "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />",
  ].map((complaint) => ({
    name: `a server of TLS that complains: ${complaint.slice(0, 40)}`,
    server: () => answerWith([`HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n${complaint}`]),
    verdict: "L7STS status 400: the server expects TLS; use `type: https`",
  })),
  {
    name: "another bad request",
    server: () => answerWith(["HTTP/1.1 400 Bad Request\r\n\r\nno such host"]),
    verdict: "L7STS status 400, expected 200",
  },
  {
    name: "a server of HTTP/2 alone",
    server: () => answerWith(["\0\0\0\x04\0\0\0\0\0"]),
    verdict: "L7RSP the server speaks HTTP/2 only; use `http2: true`",
  },
  {
    name: "another protocol",
    server: () => answerWith(["220 mail.example.com ESMTP\r\n"]),
    verdict: "L7RSP no HTTP/1 answer",
  },
  {
    name: "endless headers",
    server: () => sendForEver("HTTP/1.1 200 OK\r\n", "X-More: of the same\r\n"),
    verdict: "L7RSP more than 64 KiB of headers",
  },
  {
    name: "a header line without end",
    server: () => sendForEver("HTTP/1.1 200 OK\r\nX: ", "x"),
    verdict: "L7RSP more than 64 KiB of headers",
  },
];

for (const { name, server: start, params, verdict, cancelAfterMs } of ANSWERS) {
  Deno.test(`the HTTP probe judges ${name}`, async () => {
    const server = await start();
    const before = sockets();
    try {
      const run = { port: server.port, params: http(params) };
      const found = await probe(cancelAfterMs === undefined ? run : { ...run, cancelAfterMs });
      assert.equal(said(found), verdict);
      await until(() => server.open() === 0);
      assert.equal(sockets(), before);
    } finally {
      await server.close();
    }
  });
}

Deno.test("an endless body is closed when enough was read", async () => {
  for (const [responseRegexp, verdict] of [["", "L7OK"], ["y", "L7STS"], ["x", "L7OK"]] as const) {
    const server = sendForEver("HTTP/1.1 200 OK\r\n\r\n", "x");
    try {
      const params = http({ responseRegexp });
      assert.equal((await probe({ port: server.port, params })).code, verdict);
      await until(() => server.open() === 0);
      // At most the capacity of the socket buffers of both sides.
      assert.ok(server.sent() < 16 * 1024 * 1024, `${server.sent()} bytes were taken`);
    } finally {
      await server.close();
    }
  }
});

Deno.test("a server that accepts and resets has one code each time, whichever call sees the reset", async () => {
  const server = await resetAtOnce();
  try {
    for (
      const [params, source, expected] of [
        [TCP, undefined, "L4OK"],
        [TCP, "127.0.0.1", "L4OK"],
        [http(), undefined, "L7RSP connection reset before the answer was complete"],
        [http(), "127.0.0.1", "L7RSP connection reset before the answer was complete"],
        [
          { ...TCP, ssl: true },
          undefined,
          "L6RSP connection closed or reset during the TLS handshake",
        ],
      ] as const
    ) {
      const probeIpv4Src = source === undefined ? undefined : parseIp(source);
      const check = healthcheck({ port: server.port, params, probeIpv4Src });
      const run = probeOf({ address: "127.0.0.1", healthcheck: check });
      const seen = new Set<string>();
      for (let i = 0; i < 200; i++) seen.add(said(await run(new Cancellation())));
      assert.deepEqual([...seen], [expected], `${params.type} from ${source}`);
    }
  } finally {
    await server.close();
  }
});

Deno.test("a reset in each call of a probe is the same: no errno reaches the operator", () => {
  const error = (code: string, name = "Error") =>
    Object.assign(new Error(`Transport endpoint is not connected (os error 107)`), { code, name });
  for (const met of [error("ECONNRESET"), error("ENOTCONN"), error("", "NotConnected")]) {
    assert.equal(wasEstablished(met), true);
    const reset = "L7RSP connection reset before the answer was complete";
    assert.equal(said(answerVerdict(met)), reset);
    assert.equal(said(answerVerdict(error("EPIPE"))), reset);
  }
  assert.equal(wasEstablished(error("ECONNREFUSED")), false);
  assert.equal(wasEstablished(error("EHOSTUNREACH")), false);
});
