/** UDP exchanges over real sockets on loopback. */
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { sockets } from "../../../tests/support/servers/sockets.ts";
import { until } from "../../../tests/support/judges/until.ts";
import { healthcheck } from "../../../tests/support/worlds/healthcheck.ts";
import { parseIp } from "../../base/address.ts";
import { answered, failed, type Verdict } from "../outcome.ts";
import { closeThreadShim } from "../net/thread_shim.ts";
import { Cancellation } from "../prober.ts";
import { type Exchange, UdpSockets } from "./sockets.ts";

const SILENT = failed("L7TOUT", "no answer within the timeout");

async function close(udp: UdpSockets): Promise<void> {
  await udp.reset("the end");
  closeThreadShim();
}

/** A server that answers each datagram by a call of `answer`. */
async function server(
  address: string,
  answer: (socket: Socket, text: string, port: number, from: string) => void,
): Promise<{ port: number; close(): Promise<void> }> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  socket.on("message", (bytes, { port, address: from }) => answer(socket, `${bytes}`, port, from));
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  return {
    port: socket.address().port,
    close: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  };
}

function exchange(address: string, port: number, changes: Partial<Exchange> = {}): Exchange {
  return {
    spec: { address, healthcheck: healthcheck({ port }) },
    payload: new TextEncoder().encode("ping"),
    judge: (bytes, length) =>
      new TextDecoder().decode(bytes) === "pong" ? answered(200 + length) : undefined,
    timedOut: SILENT,
    ...changes,
  };
}

function said({ code, detail }: Verdict): string {
  return `${code} ${detail}`;
}

Deno.test("UdpSockets exchanges datagrams in both families, also from a source address", async () => {
  const udp = new UdpSockets();
  for (const [address, source] of [["127.0.0.1", "127.0.0.9"], ["::1", "::1"]] as const) {
    const clients: string[] = [];
    const echo = await server(address, (socket, text, port, from) => {
      clients.push(from);
      // An answer that does not count comes first.
      socket.send("noise", port, from, () => socket.send(text.replace("i", "o"), port, from));
    });
    try {
      for (const from of [undefined, parseIp(source)]) {
        const [v4, v6] = address.includes(":") ? [undefined, from] : [from, undefined];
        const check = healthcheck({ port: echo.port, probeIpv4Src: v4, probeIpv6Src: v6 });
        const verdict = await udp.exchange(
          exchange(address, echo.port, { spec: { address, healthcheck: check } }),
          new Cancellation(),
        );
        assert.equal(said(verdict), "L7OK status 204");
        assert.ok(verdict.durationMs! >= 0 && verdict.durationMs! < 500);
      }
      assert.equal(clients.at(-1), source);
    } finally {
      await echo.close();
    }
  }
  await close(udp);
});

Deno.test("UdpSockets reports a closed port at once, in both families", async () => {
  const udp = new UdpSockets();
  for (const address of ["127.0.0.1", "::1"]) {
    const gone = await server(address, () => {});
    await gone.close();
    const verdict = await udp.exchange(exchange(address, gone.port), new Cancellation());
    assert.match(said(verdict), /^L4CON .*port/);
    assert.equal(verdict.inconclusive, false);
  }
  await close(udp);
});

Deno.test("UdpSockets: a missing source address makes the probe void", async () => {
  const udp = new UdpSockets();
  const check = healthcheck({ port: 9, probeIpv4Src: parseIp("203.0.113.77") });
  const spec = { address: "127.0.0.1", healthcheck: check };
  const verdict = await udp.exchange(exchange("127.0.0.1", 9, { spec }), new Cancellation());
  assert.deepEqual([verdict.inconclusive, verdict.lack], [true, "source-address"]);
  await close(udp);
});

Deno.test("UdpSockets: cancellation ends an exchange and its socket at once", async () => {
  const udp = new UdpSockets();
  let requests = 0;
  const silent = await server("127.0.0.1", () => void requests++);
  try {
    const before = sockets();
    const cancellation = new Cancellation();
    const verdict = udp.exchange(exchange("127.0.0.1", silent.port), cancellation);
    await until(() => requests === 1);
    assert.equal(sockets(), before + 1);
    const fromMs = performance.now();
    cancellation.cancel();
    assert.equal(await verdict, SILENT);
    assert.ok(performance.now() - fromMs < 10);
    assert.equal(sockets(), before);
    assert.equal(await udp.exchange(exchange("127.0.0.1", silent.port), cancellation), SILENT);
    cancellation.rearm();
    const early = udp.exchange(exchange("127.0.0.1", silent.port), cancellation);
    cancellation.cancel();
    assert.equal(await early, SILENT);
    assert.equal(requests, 1, "cancelled before it was sent");
  } finally {
    await close(udp);
    await silent.close();
  }
});

Deno.test("UdpSockets: the answer to an earlier exchange does not count for the next", async () => {
  const udp = new UdpSockets();
  const late: (() => void)[] = [];
  const slow = await server("127.0.0.1", (socket, _, port, from) => {
    late.push(() => socket.send("pong", port, from));
  });
  try {
    const first = new Cancellation();
    const unanswered = udp.exchange(exchange("127.0.0.1", slow.port), first);
    await until(() => late.length === 1);
    first.cancel();
    assert.equal(await unanswered, SILENT);
    const second = new Cancellation();
    let verdict: Verdict | undefined;
    const next = udp.exchange(exchange("127.0.0.1", slow.port), second).then((it) => verdict = it);
    await until(() => late.length === 2);
    late[0]!();
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(verdict, undefined);
    late[1]!();
    assert.equal((await next).code, "L7OK");
  } finally {
    await close(udp);
    await slow.close();
  }
});

Deno.test("UdpSockets.reset() makes exchanges void, and the next one opens new sockets", async () => {
  const udp = new UdpSockets();
  const silent = await server("127.0.0.1", () => {});
  try {
    const before = sockets();
    const pending = Array.from(
      { length: 300 },
      () => udp.exchange(exchange("127.0.0.1", silent.port), new Cancellation()),
    );
    await Promise.resolve();
    await until(() => sockets() === before + 300);
    await udp.reset("the namespace is gone");
    for (const verdict of await Promise.all(pending)) {
      assert.deepEqual([verdict.inconclusive, verdict.detail], [true, "the namespace is gone"]);
    }
    assert.equal(sockets(), before);
    const cancellation = new Cancellation();
    const again = udp.exchange(exchange("127.0.0.1", silent.port), cancellation);
    await until(() => sockets() === before + 1);
    cancellation.cancel();
    assert.equal(await again, SILENT);
  } finally {
    await close(udp);
    await silent.close();
  }
});
