/** Probes of servers on loopback. */
import assert from "node:assert/strict";
import { certificates } from "../../tests/support/servers/certificates.ts";
import { notTls, tlsServer } from "../../tests/support/servers/tls_servers.ts";
import { parseIp } from "../base/address.ts";
import { Cancellation } from "../probe/prober.ts";
import type { ProbeResult } from "./record/vip_record.ts";
import type { Probing, Vip } from "./targets.ts";
import { type VipProbe, type VipProbeOptions, vipProbes } from "./vip_probe.ts";

const PLAIN: Probing = { kind: "get", tls: false, host: "", serverName: "" };

async function probeOf(
  port: number,
  probing: Probing = PLAIN,
  options: Partial<VipProbeOptions> = {},
): Promise<VipProbe> {
  const address = parseIp("127.0.0.1")!;
  const vip: Vip = { name: "v", address, protocol: "tcp", port, probing, servers: [] };
  const probes = await vipProbes([vip], {
    uri: "/health?x=1",
    header: "X-Server",
    codes: [[200, 399]],
    verify: false,
    keepalive: false,
    sources: [],
    ...options,
  });
  return probes.get(vip)!;
}

const run = async (probe: VipProbe | Promise<VipProbe>): Promise<ProbeResult> =>
  await (await probe).run(new Cancellation());

/** The result in short. */
const short = (result: ProbeResult): string =>
  result.kind === "ok"
    ? `ok ${result.status} ${result.server}`
    : result.kind === "failed"
    ? `${result.error}: ${result.text}`
    : `void: ${result.reason}`;

/** Answers each request of a connection with `answer`; records the requests. */
async function withServer(
  answer: string,
  fn: (server: { port: number; requests: string[]; connections: () => number }) => Promise<void>,
): Promise<void> {
  const requests: string[] = [];
  const server = await notTls((socket) =>
    socket.on("data", (data) => {
      requests.push(String(data));
      socket.write(answer);
      if (/close/i.test(answer)) socket.end();
    })
  );
  try {
    await fn({ port: server.port, requests, connections: () => server.clients.length });
  } finally {
    await server.close();
  }
}

const answerWith = (status: number, headers = "") =>
  `HTTP/1.1 ${status} x\r\n${headers}Content-Length: 2\r\n\r\nok`;

Deno.test("a GET sends path and Host, and returns status and server", async () => {
  await withServer(answerWith(204, "x-sErVer:  web 1 \r\n"), async ({ port, requests }) => {
    assert.equal(short(await run(probeOf(port))), "ok 204 web 1");
    const named = { ...PLAIN, host: "a.example.net" };
    assert.equal(short(await run(probeOf(port, named, { header: "" }))), "ok 204 undefined");
    assert.match(requests[0]!, /^GET \/health\?x=1 HTTP\/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\n/);
    assert.match(requests[0]!, /User-Agent: maglevt\//);
    assert.match(requests[1]!, /Host: a\.example\.net\r\n/);
  });
});

Deno.test("an empty header names no server", async () => {
  await withServer(answerWith(200, "X-Server: \r\n"), async ({ port }) => {
    assert.equal(short(await run(probeOf(port))), "ok 200 undefined");
  });
});

Deno.test("statuses that do not pass, broken answers, closed ports and silence are errors", async () => {
  await withServer(answerWith(503), async ({ port }) => {
    assert.equal(short(await run(probeOf(port))), "http-err: status 503");
    assert.equal(
      short(await run(probeOf(port, PLAIN, { codes: [[503, 503]] }))),
      "ok 503 undefined",
    );
  });
  await withServer("SSH-2.0-x\r\n", async ({ port }) => {
    assert.match(short(await run(probeOf(port))), /^http-err: /);
  });
  const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = closed.addr as Deno.NetAddr;
  closed.close();
  assert.match(short(await run(probeOf(port))), /^net-err: connection refused/);
  assert.match(
    short(await run(probeOf(port, { kind: "connect" }))),
    /^net-err: connection refused/,
  );
});

Deno.test("a cancelled probe is a timeout", async () => {
  const server = await notTls(() => {});
  try {
    const cancellation = new Cancellation();
    const probe = (await probeOf(server.port)).run(cancellation);
    setTimeout(() => cancellation.cancel(), 50);
    assert.match(short(await probe), /^timeout: no complete answer/);
    assert.equal(short(await run(probeOf(server.port, { kind: "connect" }))), "ok 0 undefined");
  } finally {
    await server.close();
  }
});

Deno.test("with --insecure=false the certificate decides, and otherwise it does not", async () => {
  const pairs = await certificates();
  for (const kind of ["good", "expired"] as const) {
    const server = await tlsServer(pairs.of(kind));
    try {
      const probing: Probing = { ...PLAIN, tls: true, host: "good.test", serverName: "good.test" };
      assert.equal(short(await run(probeOf(server.port, probing))), "ok 200 undefined");
      assert.deepEqual(server.names, ["good.test"]);
      const verified = await run(probeOf(server.port, probing, { verify: true }));
      assert.match(
        short(verified),
        kind === "good" ? /^net-err: .*not trusted/ : /^net-err: .*expired/,
      );
    } finally {
      await server.close();
    }
  }
});

Deno.test("a source address that this host does not have is a fault of the prober", async () => {
  const sources = [parseIp("192.0.2.77")!];
  await withServer(answerWith(200), async ({ port }) => {
    assert.match(short(await run(probeOf(port, PLAIN, { sources }))), /^void: source address 192/);
    const own = [parseIp("127.0.0.5")!];
    assert.equal(short(await run(probeOf(port, PLAIN, { sources: own }))), "ok 200 undefined");
  });
});

Deno.test("each probe is a new connection; with keepalive it is used again", async () => {
  const answers: [answer: string, connections: number][] = [
    [answerWith(200), 1],
    ["HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 1],
    [answerWith(200, "Connection: close\r\n"), 3],
    ["HTTP/1.0 200 x\r\nContent-Length: 2\r\n\r\nok", 3],
  ];
  for (const [answer, count] of answers) {
    await withServer(answer, async ({ port, connections }) => {
      const probe = await probeOf(port, PLAIN, { keepalive: true });
      for (let i = 0; i < 3; i++) assert.equal(short(await run(probe)), "ok 200 undefined");
      assert.equal(connections(), count, answer);
      probe.close();
    });
  }
  await withServer(answerWith(200), async ({ port, connections }) => {
    const probe = await probeOf(port);
    for (let i = 0; i < 3; i++) await run(probe);
    assert.equal(connections(), 3);
  });
});

Deno.test("a kept connection that the server closed meanwhile is not an error", async () => {
  const server = await notTls((socket) =>
    socket.on("data", () => {
      socket.write(answerWith(200));
      // Closed without an announcement, as a server does with one that is idle.
      setTimeout(() => socket.end(), 20);
    })
  );
  try {
    const probe = await probeOf(server.port, PLAIN, { keepalive: true });
    for (let i = 0; i < 3; i++) {
      assert.equal(short(await run(probe)), "ok 200 undefined");
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    assert.equal(server.clients.length, 3);
    probe.close();
  } finally {
    await server.close();
  }
});
