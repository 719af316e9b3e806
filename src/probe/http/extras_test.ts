/** Headers of the PROXY protocol, headers that a response must have, and HTTP/2, over real sockets. */
import assert from "node:assert/strict";
import { createServer } from "node:http2";
import { certificates } from "../../../tests/support/servers/certificates.ts";
import { answerWith, serve } from "../../../tests/support/servers/nasty_servers.ts";
import { notTls } from "../../../tests/support/servers/tls_servers.ts";
import { healthcheck, http } from "../../../tests/support/worlds/healthcheck.ts";
import type { HttpParams, ProbeParams } from "../../config/model.ts";
import { Cancellation } from "../prober.ts";
import { probeOf } from "../probers.ts";

async function verdictOf(port: number, params: ProbeParams): Promise<string> {
  const check = healthcheck({ port, params });
  const probe = probeOf({ address: "127.0.0.1", healthcheck: check });
  const { code, detail } = await probe(new Cancellation());
  return `${code} ${detail}`;
}

const V2_LOCAL = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

Deno.test("an http probe begins with the PROXY header, before the request", async () => {
  for (const [proxyProtocol, start] of [["v1", "PROXY UNKNOWN\r\n"], ["v2", V2_LOCAL]] as const) {
    let received = "";
    const server = serve(async (connection) => {
      const buffer = new Uint8Array(4096);
      received = String.fromCharCode(...buffer.subarray(0, await connection.read(buffer) ?? 0));
      await connection.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\n"));
    });
    try {
      assert.equal(await verdictOf(server.port, http({ proxyProtocol })), "L7OK status 200");
      assert.ok(received.startsWith(`${start}GET / HTTP/1.1\r\n`), JSON.stringify(received));
    } finally {
      await server.close();
    }
  }
});

Deno.test("an https probe sends the PROXY header before the handshake", async () => {
  const { ca } = await certificates();
  const received: Uint8Array[] = [];
  const server = await notTls((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      received.push(new Uint8Array(typeof bytes === "string" ? [] : bytes));
      const size = received.reduce((sum, { length }) => sum + length, 0);
      // The header and the beginning of a handshake.
      if (size > 16) socket.destroy();
    });
  });
  try {
    const tls = { serverName: "good.test", insecureSkipVerify: false, alpn: ["h2"] };
    const params = { ...http({ proxyProtocol: "v2" }), ...tls, ca: { path: "", pem: ca } };
    assert.match(await verdictOf(server.port, { ...params, type: "https" }), /^L6RSP /);
    const bytes = received.flatMap((piece) => [...piece]);
    assert.equal(String.fromCharCode(...bytes.slice(0, 16)), V2_LOCAL);
    assert.deepEqual(bytes.slice(16, 18), [0x16, 3], "a handshake follows");
  } finally {
    await server.close();
  }
});

Deno.test("a response must have the header, and its value must match", async () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["X-Ready: yes", "^yes$", "L7OK status 200"],
    ["x-READY:   yes  ", "^yes$", "L7OK status 200"],
    [
      "X-Ready: no\r\nX-Ready: yes",
      "^yes$",
      "L7STS status 200, but the header x-ready does not match",
    ],
    ["X-Readyx: yes", "", "L7STS status 200, but the header x-ready is missing"],
    ["X-Ready:", "", "L7OK status 200"],
  ];
  for (const [line, regexp, expected] of cases) {
    const server = answerWith([`HTTP/1.1 200 OK\r\n${line}\r\nContent-Length: 0\r\n\r\n`]);
    try {
      const params = http({ responseHeader: { name: "X-Ready", regexp } });
      assert.equal(await verdictOf(server.port, params), expected, line);
    } finally {
      await server.close();
    }
  }
});

Deno.test("http2 speaks with another implementation: method, headers, body, status", async () => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece: Uint8Array) => body += new TextDecoder().decode(piece));
    request.on("end", () => {
      const { method, url, authority, headers } = request;
      seen.push([method, url, authority, headers["x-a"], headers["user-agent"], body].join(" "));
      response.writeHead(url === "/sick" ? 503 : 200, {
        "X-Ready": "yes",
        "X-Long": "é".repeat(900),
      });
      response.end(method === "HEAD" ? "" : "all is well");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const ask = (changes: Partial<HttpParams>) =>
    verdictOf(address.port, http({ http2: true, host: "a.test", ...changes }));
  try {
    const header = { name: "X-Ready", regexp: "yes" };
    const headers = [["X-A", "1"]] as const;
    const body = { responseRegexp: "well$", responseHeader: header };
    assert.equal(
      await ask({ headers, removedHeaders: ["User-Agent"], ...body }),
      "L7OK status 200",
    );
    assert.equal(await ask({ method: "POST", body: "hi", ...body, headers }), "L7OK status 200");
    assert.equal(await ask({ method: "HEAD" }), "L7OK status 200");
    assert.equal(await ask({ path: "/sick" }), "L7STS status 503, expected 200");
    assert.match(
      await ask({ responseRegexp: "^well" }),
      /^L7STS status 200, but the first 11 bytes/,
    );
    assert.equal(seen[0], "GET / a.test 1  ");
    assert.match(seen[1]!, /^POST \/ a\.test 1 maglevd\/\S+ hi$/);
    assert.match(seen[2]!, /^HEAD \/ a\.test {2}maglevd\/\S+ $/);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

Deno.test("http2 at a server of HTTP/1, and the reverse, name the mistake", async () => {
  const server = answerWith(["HTTP/1.1 400 Bad Request\r\n\r\n"]);
  try {
    assert.equal(await verdictOf(server.port, http({ http2: true })), "L7RSP no HTTP/2 answer");
  } finally {
    await server.close();
  }
});
