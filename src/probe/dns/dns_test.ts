/** The DNS probe against servers on loopback, most of them hostile. */
import assert from "node:assert/strict";
import { type NastyServer, serve } from "../../../tests/support/servers/nasty_servers.ts";
import {
  dnsAddress,
  dnsAnswer,
  overStream,
  QR,
  TC,
  type UdpHandler,
  udpServer,
} from "../../../tests/support/servers/udp_servers.ts";
import { dns, healthcheck } from "../../../tests/support/worlds/healthcheck.ts";
import type { DnsParams } from "../../config/model.ts";
import { closeThreadShim } from "../net/thread_shim.ts";
import { Cancellation } from "../prober.ts";
import { type Exchange, UdpSockets } from "../udp/sockets.ts";
import { dnsProber } from "./dns.ts";

const TIMED_OUT = "L7TOUT no complete answer within the timeout";
const ADDRESS = [192, 0, 2, 1];

/**
 * The verdict on a port. `timeoutMs` is short where the probe is to reach it, and else long enough
 * for a busy machine.
 */
async function verdictOn(
  port: number,
  changes: Partial<DnsParams>,
  timeoutMs = 5000,
): Promise<string> {
  const sockets = new UdpSockets();
  const cancellation = new Cancellation();
  const timer = setTimeout(() => cancellation.cancel(), timeoutMs);
  const check = healthcheck({ port, timeoutMs, params: dns(changes) });
  const probe = dnsProber({ address: "127.0.0.1", healthcheck: check }, sockets);
  const { code, detail, inconclusive } = await probe(cancellation);
  clearTimeout(timer);
  await sockets.reset("the end");
  closeThreadShim();
  assert.equal(inconclusive, false);
  return `${code} ${detail}`;
}

/** The verdict on a server that answers so over UDP. */
async function verdict(
  handle: UdpHandler,
  changes: Partial<DnsParams> = {},
  timeoutMs?: number,
): Promise<string> {
  const server = await udpServer("127.0.0.1", handle);
  try {
    return await verdictOn(server.port, changes, timeoutMs);
  } finally {
    await server.close();
  }
}

/** A server over TCP: `answer` gets the question without its length. */
function streamServer(answer: (question: Uint8Array) => Uint8Array, port = 0): NastyServer {
  return serve(
    async (connection) => {
      const bytes = new Uint8Array(1024);
      const length = await connection.read(bytes) ?? 0;
      await connection.write(answer(bytes.subarray(2, length)));
    },
    "127.0.0.1",
    port,
  );
}

/** The verdict on a server that answers so over TCP. */
async function overTcp(answer: (question: Uint8Array) => Uint8Array): Promise<string> {
  const server = streamServer(answer);
  try {
    return await verdictOn(server.port, { transport: "tcp" });
  } finally {
    await server.close();
  }
}

Deno.test("dnsProber() asks with a new id and random case each time", async () => {
  const questions: Uint8Array[] = [];
  const ask = () =>
    verdict((question, send) => {
      questions.push(question);
      send(dnsAnswer(question));
    });
  for (let i = 0; i < 6; i++) assert.equal(await ask(), "L7OK NOERROR, 0 records");
  const ids = questions.map(([high, low]) => high! * 256 + low!);
  const names = questions.map((bytes) => new TextDecoder().decode(bytes.subarray(13, 29)));
  assert.ok(new Set(ids).size > 3, `${ids}`);
  assert.ok(new Set(names).size > 3, `${names}`);
  assert.deepEqual([...new Set(names.map((name) => name.toLowerCase()))], [
    "www\x07example\x04test",
  ]);
});

Deno.test("dnsProber() judges the code, and the records by the expression", async () => {
  const good: UdpHandler = (question, send) => send(dnsAddress(question, ADDRESS));
  const missing: UdpHandler = (question, send) => send(dnsAnswer(question, { rcode: 3 }));
  const answer = "^A 192\\.0\\.2\\.1$";
  assert.equal(await verdict(good, { answer }), "L7OK NOERROR, 1 record");
  assert.equal(
    await verdict(good, { answer: "AAAA" }),
    "L7STS NOERROR, but the answer (1 record) does not match",
  );
  // A line of several is enough, whatever the order.
  const two: UdpHandler = (question, send) =>
    send(dnsAddress(question, [198, 51, 100, 1], ADDRESS));
  assert.equal(await verdict(two, { answer }), "L7OK NOERROR, 2 records");
  assert.equal(await verdict(missing), "L7STS NXDOMAIN, expected NOERROR");
  assert.equal(await verdict(missing, { rcode: "NXDOMAIN" }), "L7OK NXDOMAIN, 0 records");
  const strange: UdpHandler = (question, send) => send(dnsAnswer(question, { rcode: 15 }));
  assert.equal(await verdict(strange), "L7STS 15, expected NOERROR");
});

/** Answers that are not for the question, so that the real one may still come. */
const FOREIGN: Readonly<Record<string, (answer: Uint8Array) => Uint8Array>> = {
  "another id": (bytes) => changed(bytes, 0, bytes[0]! ^ 1),
  "no answer, but a question": (bytes) => changed(bytes, 2, bytes[2]! & ~QR),
  "another name": (bytes) => changed(bytes, 13, "x".charCodeAt(0)),
  "another type": (bytes) => changed(bytes, 31, bytes[31]! ^ 3),
  "a header that is cut": (bytes) => bytes.subarray(0, 11),
};

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  return bytes.with(at, value);
}

for (const [what, change] of Object.entries(FOREIGN)) {
  Deno.test(`dnsProber() waits on after ${what}`, async () => {
    const forged = (question: Uint8Array) => change(dnsAddress(question, ADDRESS));
    const alone = await verdict((question, send) => send(forged(question)), {}, 200);
    assert.equal(alone, TIMED_OUT);
    const both: UdpHandler = (question, send) => {
      send(forged(question));
      send(dnsAnswer(question));
    };
    assert.equal(await verdict(both), "L7OK NOERROR, 0 records");
  });
}

Deno.test("dnsProber() fails a server that repeats the name in another case, or is malformed", async () => {
  const flipped: UdpHandler = (question, send) =>
    send(changed(dnsAnswer(question), 13, question[13]! ^ 0x20));
  assert.equal(
    await verdict(flipped),
    "L7RSP malformed answer: it repeats the name of the question in another case",
  );
  const cut: UdpHandler = (question, send) => send(dnsAddress(question, ADDRESS).subarray(0, -1));
  assert.equal(await verdict(cut), "L7RSP malformed answer: a record in it is malformed");
});

Deno.test("dnsProber() asks over TCP after a truncated answer", async () => {
  const truncated: UdpHandler = (question, send) => send(dnsAnswer(question, { flags: TC }));
  const huge: UdpHandler = (question, send) =>
    send(Uint8Array.of(...dnsAnswer(question), ...new Uint8Array(2000)));
  for (const handle of [truncated, huge]) {
    const whole = streamServer((question) => overStream(dnsAddress(question, ADDRESS)));
    const server = await udpServer("127.0.0.1", handle, whole.port);
    try {
      assert.equal(await verdictOn(server.port, { answer: "^A " }), "L7OK NOERROR, 1 record");
      await whole.close();
      assert.equal(
        await verdictOn(server.port, {}),
        "L4CON truncated over UDP; over TCP: connection refused",
      );
    } finally {
      await server.close();
    }
  }
});

Deno.test("dnsProber() asks nobody after a truncated answer that was read when the time was up", async () => {
  let asked = 0;
  const whole = streamServer((question) => {
    asked++;
    return overStream(dnsAddress(question, ADDRESS));
  });
  const late = {
    exchange(exchange: Exchange, cancellation: Cancellation) {
      cancellation.cancel();
      const answer = dnsAnswer(exchange.payload, { flags: TC });
      return Promise.resolve(exchange.judge(answer, answer.length)!);
    },
  } as unknown as UdpSockets;
  try {
    const check = healthcheck({ port: whole.port, params: dns({}) });
    const { code, detail } = await dnsProber({ address: "127.0.0.1", healthcheck: check }, late)(
      new Cancellation(),
    );
    assert.deepEqual([`${code} ${detail}`, asked], [TIMED_OUT, 0]);
  } finally {
    await whole.close();
  }
});

Deno.test("dnsProber() over TCP judges answers in pieces, cut ones and foreign ones", async () => {
  const good = (question: Uint8Array) => overStream(dnsAddress(question, ADDRESS));
  assert.equal(await overTcp(good), "L7OK NOERROR, 1 record");
  const closed = "L7RSP closed before the answer was complete";
  assert.equal(await overTcp(() => Uint8Array.of(0)), closed);
  assert.equal(await overTcp((question) => good(question).subarray(0, -1)), closed);
  const foreign = "L7RSP the answer does not belong to the question";
  assert.equal(await overTcp(() => Uint8Array.of(0, 0)), foreign);
  const other = (question: Uint8Array) => changed(good(question), 2, question[0]! ^ 1);
  assert.equal(await overTcp(other), foreign);
});
