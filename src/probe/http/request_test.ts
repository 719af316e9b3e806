import assert from "node:assert/strict";
import { http } from "../../../tests/support/worlds/healthcheck.ts";
import type { HttpParams } from "../../config/model.ts";
import { httpRequest } from "./request.ts";

function request(changes: Partial<HttpParams>, address = "192.0.2.1", port = 80): string[] {
  const bytes = httpRequest(http(changes), {
    address,
    port,
    defaultPort: 80,
    userAgent: "maglevd/1",
  });
  const text = new TextDecoder().decode(bytes);
  assert.ok(text.endsWith("\r\n\r\n"));
  return text.slice(0, -4).split("\r\n");
}

Deno.test("httpRequest() writes the request line and the default headers", () => {
  assert.deepEqual(request({}), [
    "GET / HTTP/1.1",
    "Host: 192.0.2.1",
    "User-Agent: maglevd/1",
    "Connection: close",
  ]);
  assert.equal(request({ method: "HEAD", path: "/live?x=1" })[0], "HEAD /live?x=1 HTTP/1.1");
});

Deno.test("httpRequest() names the host as a browser does", () => {
  const cases: [changes: Partial<HttpParams>, address: string, port: number, host: string][] = [
    [{}, "192.0.2.1", 80, "192.0.2.1"],
    [{}, "192.0.2.1", 8080, "192.0.2.1:8080"],
    [{}, "2001:db8::1", 80, "[2001:db8::1]"],
    [{}, "2001:db8::1", 8080, "[2001:db8::1]:8080"],
    [{}, "fe80::1%eth0", 80, "[fe80::1]"],
    [{ host: "www.example.com" }, "192.0.2.1", 8080, "www.example.com"],
  ];
  for (const [changes, address, port, host] of cases) {
    assert.equal(request(changes, address, port)[1], `Host: ${host}`);
  }
});

Deno.test("httpRequest() lets configured headers replace the default ones, whatever their case", () => {
  const headers = [["user-agent", "mine"], ["X-Probe", "1"], ["x-probe", "2"]] as const;
  assert.deepEqual(request({ headers }).slice(1), [
    "Host: 192.0.2.1",
    "Connection: close",
    "user-agent: mine",
    "X-Probe: 1",
    "x-probe: 2",
  ]);
});

Deno.test("httpRequest() lets nothing in the path end the request line", () => {
  assert.equal(request({ path: "/a b\r\nX: ü" })[0], "GET /a%20b%0D%0AX:%20%C3%BC HTTP/1.1");
});

Deno.test("httpRequest() sends the body of a POST with its length in bytes", () => {
  const bytes = httpRequest(http({ method: "POST", body: '{"straße": 1}' }), {
    address: "192.0.2.1",
    port: 80,
    defaultPort: 80,
    userAgent: "maglevd/1",
  });
  const [head, body] = new TextDecoder().decode(bytes).split("\r\n\r\n");
  assert.equal(body, '{"straße": 1}');
  assert.deepEqual(head!.split("\r\n"), [
    "POST / HTTP/1.1",
    "Host: 192.0.2.1",
    "User-Agent: maglevd/1",
    "Connection: close",
    "Content-Length: 14",
  ]);
  assert.ok(request({ method: "POST" }).includes("Content-Length: 0"));
});

Deno.test("httpRequest() leaves out User-Agent where the configuration removes it", () => {
  assert.deepEqual(request({ removedHeaders: ["USER-AGENT"], headers: [["X-A", "1"]] }), [
    "GET / HTTP/1.1",
    "Host: 192.0.2.1",
    "Connection: close",
    "X-A: 1",
  ]);
});
