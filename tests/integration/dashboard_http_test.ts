/**
 * maglevd-frontend as a program, started by its launcher, with clients that write bytes: the paths,
 * attacks on them, too many and too slow clients.
 */
import assert from "node:assert/strict";
import { Daemon, withFolder } from "../support/servers/daemon.ts";
import {
  type Frontend,
  LOGIN,
  loginOf,
  parseAnswer,
  withFrontend,
} from "../support/servers/frontend.ts";
import { readAll, readPast, send } from "../support/worlds/http_world.ts";

const CONFIG = `maglev:
  healthchecks: { check: { type: tcp, port: 1, interval: 100ms, timeout: 50ms } }
  backends: { b0: { address: 127.0.0.1, healthcheck: check }, b1: { address: 127.0.0.2 } }
  frontends:
    web: { address: 192.0.2.1, pools: [ { name: main, backends: { b0: {}, b1: {} } } ] }
`;

/** A dashboard on a maglevd, which it has read. */
async function withMaglevd(fn: (frontend: Frontend) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const config = `${folder}/maglev.yaml`;
    await Deno.writeTextFile(config, CONFIG);
    const daemon = new Daemon({ config, grpcAddr: `unix:${folder}/lb 1.sock` });
    try {
      await daemon.seen(({ msg }) => msg === "grpc-listen");
      await withFrontend({ server: `unix:${folder}/lb 1.sock` }, async (frontend) => {
        const endMs = performance.now() + 10_000;
        const isRead = async () => (await frontend.ask("/view/api/state")).body.includes('"b1"');
        while (!await isRead()) assert.ok(performance.now() < endMs, "it was not read");
        await fn(frontend);
      });
    } finally {
      await daemon.stop();
    }
  });
}

const JSON_BODY = { "Content-Type": "application/json" };

Deno.test("an action in a browser reaches maglevd, and its effect all streams within a second", async () => {
  await withMaglevd(async (frontend) => {
    const now = JSON.parse((await frontend.ask("/view/api/state")).body);
    assert.equal(now.maglevds[0].name, "lb 1");
    const conn = await frontend.connect();
    const since = `${now.epoch}-${now.seq}`;
    await send(conn, `GET /view/api/events?since=${since} HTTP/1.1\r\nHost: a\r\n\r\n`);
    const head = parseAnswer(await readPast(conn, "retry: 2000\n\n"));
    assert.equal(head.status, 200);
    assert.equal(head.headers.get("content-type"), "text/event-stream");
    assert.equal(head.headers.get("x-accel-buffering"), "no");
    assert.match(head.headers.get("content-security-policy")!, /^default-src 'none'/);

    const answer = await frontend.ask("/admin/api/lb%201/backends/b1/disable", {
      method: "POST",
      headers: { ...JSON_BODY, Authorization: loginOf() },
      body: JSON.stringify({ reason: "update", for_ms: 60_000 }),
    });
    assert.equal(answer.status, 200, answer.body);
    assert.equal(JSON.parse(answer.body).backend.state, "disabled");
    const into = new Uint8Array(65_536);
    let text = head.body;
    while (!/event: backend\ndata: .*"name":"b1".*"state":"disabled".*\n\n/.test(text)) {
      const count = await conn.read(into);
      assert.ok(count !== null, text);
      text += new TextDecoder().decode(into.subarray(0, count));
    }
    assert.match(text, new RegExp(`^id: ${now.epoch}-\\d+$`, "m"));
    conn.close();
    const logged = await frontend.seen(({ msg }) => msg === "dashboard-action");
    const { action, backend, user, peer, result, reason } = logged;
    assert.deepEqual(
      { action, backend, user, peer, result, reason },
      {
        action: "disable",
        backend: "b1",
        user: "ops",
        peer: "127.0.0.1",
        result: "ok",
        reason: "update",
      },
    );
  });
});

Deno.test("what a maglevd refuses, and one that is away, are answers with a status", async () => {
  await withMaglevd(async (frontend) => {
    const post = (path: string, body = "{}") =>
      frontend.ask(path, {
        method: "POST",
        headers: { ...JSON_BODY, Authorization: loginOf() },
        body,
      });
    const nothing = await post("/admin/api/lb%201/backends/b9/pause");
    assert.deepEqual([nothing.status, JSON.parse(nothing.body).error.code], [404, "not-found"]);
    const late = await post("/admin/api/lb%201/backends/b1/pause", '{"until_ms":1}');
    assert.equal(late.status, 400, late.body);
    // No VPP is configured.
    const sync = await post("/admin/api/lb%201/sync");
    assert.ok([409, 502].includes(sync.status), sync.body);
  });
  await withFrontend({ server: "lb1=127.0.0.1:1" }, async (frontend) => {
    const away = await frontend.ask("/admin/api/lb1/backends/b1/pause", {
      method: "POST",
      headers: { ...JSON_BODY, Authorization: loginOf() },
      body: "{}",
    });
    assert.deepEqual([away.status, JSON.parse(away.body).error.code], [502, "unavailable"]);
    const { body } = await frontend.ask("/view/api/maglevds");
    assert.equal(JSON.parse(body)[0].connected, false);
  });
});

Deno.test("a path that climbs out of its folder, in whatever form, finds nothing", async () => {
  await withFrontend({}, async (frontend) => {
    const paths = [
      "/view/../../../etc/passwd",
      "/view/assets/../../../etc/passwd",
      "/view/%2e%2e/%2e%2e/etc/passwd",
      "/view/..%2f..%2f..%2fetc%2fpasswd",
      "/view/%252e%252e/etc/passwd",
      "/view/..\\..\\etc\\passwd",
      "/view/%5c..%5c..%5cetc%5cpasswd",
      "//etc/passwd",
      "/view//etc/passwd",
      "/view/assets//etc/passwd",
      "/view/./assets/../index.html",
      "/view/assets/;/../index.html",
      "/view/api/state/..%2f..%2fadmin",
      "/view/api/../../admin/api/state",
      "/view/%c0%ae%c0%ae/etc/passwd",
      "/VIEW/",
      "/etc/passwd",
    ];
    for (const path of paths) {
      const { status, body, headers } = await frontend.ask(path);
      assert.ok([400, 404].includes(status), `${path}: ${status}`);
      assert.ok(!body.includes("root:"), path);
      assert.equal(headers.get("x-content-type-options"), "nosniff", path);
    }
    // None of them is a way around the login.
    for (const path of ["/admin/../admin/", "/view/../admin/", "/view/..%2fadmin/", "//admin/"]) {
      assert.ok((await frontend.ask(path)).status >= 400, path);
    }
    // No answer of the server's own lacks the type rule, and a redirect has no foreign host.
    const { headers } = await frontend.ask("/", { headers: { Host: "lb1:8080" } });
    assert.equal(headers.get("location"), "view/");
    const foreign = await frontend.ask("/view/api/state", { headers: { Host: "evil.example" } });
    assert.equal(foreign.status, 421);
    assert.match(foreign.body, /--allowed-hosts=evil\.example/);
    assert.equal((await frontend.ask("/view/", { method: "TRACE" })).status, 405);
    assert.equal((await frontend.ask("/view/", { method: "OPTIONS" })).status, 405);
  });
});

Deno.test("guessing the password is slow from one address, and logged without the guesses", async () => {
  await withFrontend({}, async (frontend) => {
    const guess = (password: string) =>
      frontend.ask("/admin/", { headers: { Authorization: loginOf(password) } });
    const statuses: number[] = [];
    for (let n = 0; n < 30; n++) statuses.push((await guess(`guess${n}`)).status);
    assert.deepEqual(statuses.slice(0, 10), new Array(10).fill(401));
    assert.deepEqual(statuses.slice(10), new Array(20).fill(429));
    const right = await guess(LOGIN.MAGLEV_FRONTEND_PASSWORD);
    assert.equal(right.status, 429);
    assert.ok(Number(right.headers.get("retry-after")) > 30);
    assert.equal((await frontend.ask("/view/api/version")).status, 200);
    const logged = frontend.lines.filter(({ msg }) => msg === "dashboard-login-failed");
    assert.equal(logged.length, 10);
    assert.ok(!JSON.stringify(frontend.lines).includes("guess"));
    const { body } = await frontend.ask("/metrics");
    assert.match(body, /^maglev_dashboard_logins_failed_total 10$/m);
  });
});

Deno.test("a page of another site cannot act with the operator's login", async () => {
  await withFrontend({ server: "lb1=127.0.0.1:1" }, async (frontend) => {
    const act = (headers: Readonly<Record<string, string>>) =>
      frontend.ask("/admin/api/lb1/sync", {
        method: "POST",
        headers: { ...JSON_BODY, Authorization: loginOf(), ...headers },
        body: "{}",
      });
    assert.equal((await act({ Origin: "http://evil.example" })).status, 403);
    assert.equal((await act({ Origin: "null" })).status, 403);
    assert.equal((await act({ "Sec-Fetch-Site": "cross-site" })).status, 403);
    // What a form can send.
    assert.equal((await act({ "Content-Type": "text/plain" })).status, 403);
    // Only trusted proxies may name another host.
    const forwarded = { Origin: "http://evil.example", "X-Forwarded-Host": "evil.example" };
    assert.equal((await act(forwarded)).status, 403);
    // It is let through, and the maglevd is away.
    assert.equal((await act({ Origin: `http://127.0.0.1:${frontend.port}` })).status, 502);
  });
});

Deno.test("bodies are bounded in size and time, and must be whole", async () => {
  await withFrontend({ server: "lb1=127.0.0.1:1" }, async (frontend) => {
    const post = (headers: string, body: string) =>
      frontend.exchange(
        `POST /admin/api/lb1/sync HTTP/1.1\r\nHost: a\r\nConnection: close\r\n` +
          `Content-Type: application/json\r\nAuthorization: ${loginOf()}\r\n${headers}\r\n${body}`,
      );
    assert.equal((await post("Content-Length: 65537\r\n", "{")).status, 413);
    const chunk = `${(20_000).toString(16)}\r\n${"x".repeat(20_000)}\r\n`;
    assert.equal((await post("Transfer-Encoding: chunked\r\n", chunk.repeat(4))).status, 413);
    assert.equal((await post("Content-Length: 5\r\n", "{    ")).status, 400);
    const smuggled = "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n";
    assert.equal((await post(smuggled, "{}")).status, 400);
    // Neither login nor origin reads a body first.
    const { status } = await frontend.exchange(
      "POST /admin/api/lb1/sync HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n",
    );
    assert.equal(status, 401);
  });
});

Deno.test("clients that send a byte at a time delay nobody, and are hung up on", async () => {
  await withFrontend({}, async (frontend) => {
    const slow = await Promise.all(Array.from({ length: 200 }, () => frontend.connect()));
    const request = "GET /view/api/version HTTP/1.1\r\nHost: a\r\nX-Slow: ";
    let sending = true;
    const drip = (async () => {
      for (let at = 0; sending; at++) {
        const byte = request[at] ?? "x";
        await Promise.all(slow.map((conn) => send(conn, byte)));
        await new Promise((go) => setTimeout(go, 100));
      }
    })();
    const startMs = performance.now();
    const ends = Promise.all(slow.map((conn) => readAll(conn)));
    for (let n = 0; n < 20; n++) {
      const askedMs = performance.now();
      assert.equal((await frontend.ask("/healthz")).status, 200);
      // Below the 5 s after which the slow ones end.
      assert.ok(performance.now() - askedMs < 4000);
    }
    await ends;
    const tookMs = performance.now() - startMs;
    sending = false;
    await drip;
    for (const conn of slow) conn.close();
    // The deadline of a head is 5 s, however much of it comes.
    assert.ok(tookMs > 3000 && tookMs < 9000, `${tookMs} ms`);
  });
});

/** Open files that a process may have. */
function maxFiles(): number {
  const limits = Deno.readTextFileSync("/proc/self/limits");
  return Number(/^Max open files\s+\d+\s+(\d+)/m.exec(limits)?.[1]);
}

const FLOOD = `
const [port, count] = Deno.args.map(Number);
const conns = [];
for (let at = 0; at < count; at += 100) {
  const some = Array.from({ length: 100 }, () => Deno.connect({ hostname: "127.0.0.1", port }));
  for (const { value } of await Promise.allSettled(some)) if (value) conns.push(value);
}
console.log(conns.length);
await Deno.stdin.read(new Uint8Array(1));
Deno.exit(0);
`;

Deno.test({
  name: "streams and short requests go on beside 10,000 connections that say nothing",
  ignore: maxFiles() < 11_000,
  async fn() {
    await withFrontend({ server: "lb1=127.0.0.1:1" }, async (frontend) => {
      const streams = await Promise.all(Array.from({ length: 20 }, () => frontend.connect()));
      for (const stream of streams) {
        await send(stream, "GET /view/api/events?show=lb1 HTTP/1.1\r\nHost: a\r\n\r\n");
        await readPast(stream, "retry: 2000\n\n");
      }
      const flood = new Deno.Command(Deno.execPath(), {
        args: ["eval", FLOOD, `${frontend.port}`, "10000"],
        stdin: "piped",
        stdout: "piped",
        stderr: "null",
      }).spawn();
      const [line] = await Array.fromAsync(
        flood.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(firstOnly()),
      );
      assert.equal(Number(line), 10_000);
      const times: number[] = [];
      for (let n = 0; n < 50; n++) {
        const startMs = performance.now();
        assert.equal((await frontend.ask("/healthz")).status, 200);
        times.push(performance.now() - startMs);
      }
      times.sort((a, b) => a - b);
      assert.ok(times.at(-1)! < 2000, `slowest answer: ${times.at(-1)} ms`);
      const { body } = await frontend.ask("/metrics");
      assert.match(body, /^maglev_dashboard_streams 20$/m);
      // The maglevd is away, and each attempt to reach it is an event.
      const into = new Uint8Array(4096);
      for (const stream of streams) assert.ok((await stream.read(into))! > 0);
      await flood.stdin.close();
      await flood.status;
      for (const stream of streams) stream.close();
    });
  },
});

/** Passes the first piece on, and ends. */
function firstOnly(): TransformStream<string, string> {
  return new TransformStream({
    transform(text, controller) {
      controller.enqueue(text);
      controller.terminate();
    },
  });
}

Deno.test("a browser that comes back after a restart is sent one resync", async () => {
  await withFrontend({}, async (frontend) => {
    for (const id of ["Last-Event-ID: gone-17", "Last-Event-ID: <script>"]) {
      const conn = await frontend.connect();
      await send(conn, `GET /view/api/events HTTP/1.1\r\nHost: a\r\n${id}\r\n\r\n`);
      const text = await readPast(conn, "}\n\n");
      assert.match(
        text,
        /\nretry: 2000\n\nid: \w+-\d+\nevent: resync\ndata: \{"type":"resync","t_ms":\d+\}\n\n/,
      );
      conn.close();
    }
  });
});
