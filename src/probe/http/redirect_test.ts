import assert from "node:assert/strict";
import { createServer } from "node:http2";
import { fuzz, mutateText, rounds } from "../../../tests/support/fakes/fuzz.ts";
import { serve } from "../../../tests/support/servers/nasty_servers.ts";
import { healthcheck, http } from "../../../tests/support/worlds/healthcheck.ts";
import type { HttpParams } from "../../config/model.ts";
import { Cancellation } from "../prober.ts";
import { probeOf } from "../probers.ts";
import { redirectOf } from "./redirect.ts";

const ORIGIN = "http://[2001:db8::1]:8080";

function redirect(location: string | undefined, changes: Partial<HttpParams> = {}, status = 302) {
  const answer = { problem: "", status, header: () => location };
  const params = http({ path: "/a/b?c", ...changes });
  return redirectOf(answer, { params, origin: ORIGIN, port: 8080 });
}

Deno.test("redirectOf() reads any Location, and follows to a path of one line in ASCII", () => {
  const { seed, below } = fuzz(23);
  const good = [
    "/live?x=1#part",
    "http://[2001:db8::1]:8080/a/b",
    "//[2001:db8::1]:8080/%0a",
    "?é",
  ];
  let followed = 0;
  for (let round = 0; round < rounds(2000); round++) {
    const location = mutateText(good[below(good.length)]!, below);
    const found = redirect(location);
    if (found?.kind !== "follow") continue;
    followed++;
    const message = `seed ${seed}, round ${round}: ${JSON.stringify(location)}`;
    assert.match(found.params.path, /^\/[\x21-\x7e]*$/, message);
  }
  assert.ok(followed > 100, `${followed} are followed`);
});

Deno.test("redirectOf() follows to the server's own scheme, host and port", () => {
  for (
    const [location, path] of [
      ["/live", "/live"],
      ["live?x=1#part", "/a/live?x=1"],
      ["?x", "/a/b?x"],
      ["", undefined],
      [undefined, undefined],
      ["http://[2001:DB8:0::1]:8080", "/"],
      ["//[2001:db8::1]:8080/x y", "/x%20y"],
      ["http://[2001:db8::1]/", undefined],
      ["https://[2001:db8::1]:8080/", undefined],
      ["http://other.example/", undefined],
      ["//other.example/", undefined],
      ["http://user@[2001:db8::1]:8080/", undefined],
      ["javascript:alert(1)", undefined],
      ["http://[", undefined],
      [`/${"x".repeat(2048)}`, undefined],
    ] as const
  ) {
    const found = redirect(location);
    assert.equal(found?.kind === "follow" ? found.params.path : undefined, path, `${location}`);
    if (found?.kind === "stay") assert.ok(!found.reason.includes("example"), "untrusted text");
  }
  assert.deepEqual(redirect("https://x/"), {
    kind: "stay",
    reason: "it leads to another scheme, host or port",
  });
});

Deno.test("redirectOf() follows to a configured host with the port that is probed, as nginx writes it", () => {
  const to = (location: string, { origin = "http://www.example.com", port = 8080 } = {}) => {
    const answer = { problem: "", status: 301, header: () => location };
    return redirectOf(answer, { params: http(), origin, port })?.kind;
  };
  assert.equal(to("http://www.example.com:8080/live"), "follow");
  assert.equal(to("http://www.example.com/live"), "follow");
  assert.equal(to("http://www.example.com:8081/live"), "stay");
  assert.equal(to("http://other.example:8080/live"), "stay");
  assert.equal(to("https://www.example.com:8080/live"), "stay");
  const secure = { origin: "https://www.example.com:8443", port: 443 };
  assert.equal(to("https://www.example.com/live", secure), "follow");
});

Deno.test("redirectOf() leaves answers that are final", () => {
  for (const status of [200, 300, 304, 305, 404, 503]) {
    assert.equal(redirect("/x", {}, status), undefined, `${status}`);
  }
  assert.equal(redirect("/x", { responseCodes: [[200, 399]] }), undefined, "it passes");
  const broken = { problem: "too much", status: 302, header: () => "/x" };
  assert.equal(redirectOf(broken, { params: http(), origin: ORIGIN, port: 8080 }), undefined);
});

Deno.test("redirectOf() turns a POST into a GET unless the status forbids it", () => {
  for (
    const [status, method] of [[301, "GET"], [303, "GET"], [307, "POST"], [308, "POST"]] as const
  ) {
    const found = redirect("/x", { method: "POST", body: "b" }, status);
    assert.ok(found?.kind === "follow");
    assert.deepEqual([found.params.method, found.params.body], [
      method,
      method === "GET" ? "" : "b",
    ]);
  }
  const head = redirect("/x", { method: "HEAD" }, 303);
  assert.equal(head?.kind === "follow" && head.params.method, "HEAD");
});

/** A server that redirects `/0` to `/1` and so on up to `last`, and the requests that it saw. */
function redirecting(last: number) {
  const requests: string[] = [];
  const server = serve(async (connection) => {
    const buffer = new Uint8Array(4096);
    const count = await connection.read(buffer) ?? 0;
    const text = new TextDecoder().decode(buffer.subarray(0, count));
    requests.push(text.split("\r\n")[0]!);
    const place = Number(/ \/(\d+)/.exec(text)?.[1]);
    const answer = place < last
      ? `302 Found\r\nLOCATION: /${place + 1}\r\nContent-Length: 0`
      : "200 OK\r\nX-Ready: yes\r\nContent-Length: 2";
    await connection.write(new TextEncoder().encode(`HTTP/1.1 ${answer}\r\n\r\n`));
    if (place >= last) await connection.write(new TextEncoder().encode("ok"));
  });
  return { server, requests };
}

async function verdictOf(port: number, params: HttpParams): Promise<string> {
  const check = healthcheck({ port, params: { type: "http", ...params } });
  const probe = probeOf({ address: "127.0.0.1", healthcheck: check });
  const { code, detail } = await probe(new Cancellation());
  return `${code} ${detail}`;
}

Deno.test("an http probe follows redirects to the end, and judges the last answer", async () => {
  const redirects = "follow-same-host";
  const { server, requests } = redirecting(2);
  try {
    const params = http({
      path: "/0",
      redirects,
      responseRegexp: "^ok$",
      responseHeader: { name: "X-Ready", regexp: "yes" },
    });
    assert.equal(await verdictOf(server.port, params), "L7OK status 200");
    assert.deepEqual(requests, [0, 1, 2].map((place) => `GET /${place} HTTP/1.1`));
    const { redirects: _, ...without } = params;
    assert.equal(await verdictOf(server.port, without), "L7STS status 302, expected 200");
  } finally {
    await server.close();
  }
});

Deno.test("an http probe follows five redirects and no more, and none to another host", async () => {
  const redirects = "follow-same-host";
  const { server, requests } = redirecting(6);
  try {
    assert.equal(await verdictOf(server.port, http({ path: "/1", redirects })), "L7OK status 200");
    requests.length = 0;
    const endless = await verdictOf(server.port, http({ path: "/0", redirects }));
    assert.equal(endless, "L7STS more than 5 redirects");
    assert.equal(requests.length, 6);
  } finally {
    await server.close();
  }
  const elsewhere = serve(async (connection) => {
    await connection.read(new Uint8Array(4096));
    const answer = "HTTP/1.1 301 Moved\r\nLocation: https://secret.example/\r\n\r\n";
    await connection.write(new TextEncoder().encode(answer));
  });
  try {
    assert.equal(
      await verdictOf(elsewhere.port, http({ redirects })),
      "L7STS status 301, expected 200; not followed: it leads to another scheme, host or port",
    );
  } finally {
    await elsewhere.close();
  }
});

Deno.test("an http probe that is cancelled at a redirect makes no other request", async () => {
  const cancellation = new Cancellation();
  let requests = 0;
  const server = serve(async (connection) => {
    await connection.read(new Uint8Array(4096));
    requests++;
    if (requests === 2) return cancellation.cancel();
    const answer = "HTTP/1.1 302 Found\r\nLocation: /next\r\n\r\n";
    await connection.write(new TextEncoder().encode(answer));
  });
  try {
    const params = http({ redirects: "follow-same-host" });
    const check = healthcheck({ port: server.port, params });
    const verdict = await probeOf({ address: "127.0.0.1", healthcheck: check })(cancellation);
    assert.equal(verdict.code, "L7TOUT");
    assert.equal(requests, 2);
  } finally {
    await server.close();
  }
});

Deno.test("an http probe follows redirects over HTTP/2", async () => {
  const server = createServer((request, response) => {
    if (request.url !== "/ready") response.writeHead(307, { location: "/ready" });
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  try {
    const params = http({ http2: true, redirects: "follow-same-host" });
    assert.equal(await verdictOf(port, params), "L7OK status 200");
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});
