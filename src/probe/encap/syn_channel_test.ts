/** Matching of answers to SYNs, against sockets that are played by the test. */
import assert from "node:assert/strict";
import { bytesOf, parseIp } from "../../base/address.ts";
import { Cancellation } from "../prober.ts";
import type { Verdict } from "../outcome.ts";
import { SynChannel, type SynSocket, type SynTarget } from "./syn_channel.ts";

const SENT_MS = 1000;
const [SYN, RST, ACK] = [2, 4, 16];
const bytes = (text: string) => bytesOf(parseIp(text)!);
const VIP = bytes("192.0.2.80");

function targetOf(server: string): SynTarget {
  return {
    ends: { source: bytes("10.0.0.2"), destination: VIP },
    tunnel: { source: bytes("203.0.113.9"), destination: bytes(server) },
    port: 443,
    timeoutMs: 500,
  };
}

interface Sent {
  readonly server: string;
  readonly flags: number;
  readonly sequence: number;
}

/** Outer header, GRE and inner header of IPv4 are 44 bytes. */
function sentOf(packet: Uint8Array): Sent {
  const view = new DataView(packet.buffer, packet.byteOffset);
  return {
    server: packet.slice(16, 20).join("."),
    flags: packet[44 + 13]!,
    sequence: view.getUint32(44 + 4),
  };
}

class FakeSocket implements SynSocket {
  readonly family = 4;
  readonly port = 40_000;
  readonly sent: Sent[] = [];
  status = 0;
  overflow = false;
  /** Packets of others arrive without an end. */
  flooded = false;
  receives = 0;
  #ready: { segment: Uint8Array; address: Uint8Array; atMs: number }[] = [];

  send(records: Uint8Array<ArrayBuffer>): void {
    const view = new DataView(records.buffer, records.byteOffset, records.length);
    for (let at = 0; at < records.length; at += 144) {
      view.setFloat64(at, SENT_MS, true);
      view.setInt32(at + 8, this.status, true);
      const length = view.getUint32(at + 12, true);
      this.sent.push(sentOf(records.slice(at + 16, at + 16 + length)));
    }
  }

  receive(records: Uint8Array<ArrayBuffer>): { count: number; overflow: boolean } {
    if (this.flooded) {
      assert.ok(++this.receives < 1000, "a flood keeps the thread");
      return { count: records.fill(0).length / 144, overflow: false };
    }
    const taken = this.#ready.splice(0, records.length / 144);
    const view = new DataView(records.buffer, records.byteOffset, records.length);
    taken.forEach(({ segment, address, atMs }, i) => {
      const at = 144 * i;
      records.fill(0, at, at + 144);
      view.setFloat64(at, atMs, true);
      records.set(address, at + 16);
      view.setUint32(at + 40, segment.length, true);
      records.set(segment, at + 44);
    });
    return { count: taken.length, overflow: this.overflow };
  }

  /** Lays an answer to a SYN ready. */
  answer(
    { sequence }: Sent,
    { flags = SYN | ACK, address = VIP, port = 443, afterMs = 1, length = 20 } = {},
  ): void {
    const segment = new Uint8Array(20);
    const view = new DataView(segment.buffer);
    view.setUint16(0, port);
    view.setUint16(2, this.port);
    view.setUint32(8, (sequence + 1) % 2 ** 32);
    segment[13] = flags;
    this.#ready.push({ segment: segment.subarray(0, length), address, atMs: SENT_MS + afterMs });
  }
}

async function setUp(...servers: readonly string[]) {
  const socket = new FakeSocket();
  const channel = new SynChannel(socket, () => {});
  const probes = servers.map((server) => {
    const cancellation = new Cancellation();
    const probe = { cancellation, verdict: undefined as Verdict | undefined };
    void channel.run(targetOf(server), cancellation).then((verdict) => probe.verdict = verdict);
    return probe;
  });
  await turn();
  return { socket, channel, probes };
}

async function turn(): Promise<void> {
  for (let i = 0; i < 4; i++) await Promise.resolve();
}

Deno.test("the numbers of SYNs distinguish servers of one VIP, and resets go to the right one", async () => {
  const { socket, channel, probes } = await setUp("10.0.1.1", "10.0.1.2");
  const [first, second] = socket.sent.splice(0);
  assert.deepEqual([first!.server, first!.flags, second!.server], ["10.0.1.1", SYN, "10.0.1.2"]);
  socket.answer(second!, { afterMs: 7 });
  channel.drain();
  await turn();
  assert.deepEqual([probes[0]!.verdict, channel.waiting], [undefined, 1]);
  const { code, durationMs, ok } = probes[1]!.verdict!;
  assert.deepEqual([code, durationMs, ok], ["L4OK", 7, true]);
  assert.deepEqual(socket.sent, [
    { server: "10.0.1.2", flags: RST, sequence: (second!.sequence + 1) % 2 ** 32 },
  ]);
});

Deno.test("a reset is a refusal, and is not answered", async () => {
  const { socket, channel, probes } = await setUp("10.0.1.1");
  socket.answer(socket.sent.pop()!, { flags: RST | ACK });
  channel.drain();
  await turn();
  assert.deepEqual([probes[0]!.verdict!.code, probes[0]!.verdict!.detail], [
    "L3ENCAP",
    "connection refused",
  ]);
  assert.deepEqual(socket.sent, []);
});

Deno.test("answers of others, cut or late ones do not count", async () => {
  const { socket, channel, probes } = await setUp("10.0.1.1");
  const [syn] = socket.sent.splice(0);
  socket.answer({ ...syn!, sequence: (syn!.sequence + 1) % 2 ** 32 });
  socket.answer(syn!, { address: bytes("192.0.2.81") });
  socket.answer(syn!, { port: 80 });
  socket.answer(syn!, { flags: ACK });
  socket.answer(syn!, { length: 19 });
  channel.drain();
  await turn();
  assert.deepEqual([probes[0]!.verdict, socket.sent], [undefined, []]);
  // The server is reset even so.
  socket.answer(syn!, { afterMs: 501 });
  channel.drain();
  await turn();
  assert.equal(probes[0]!.verdict, undefined);
  assert.deepEqual(socket.sent.map(({ flags }) => flags), [RST]);
});

Deno.test("an answer that comes again, or after the end, is reset again", async () => {
  const { socket, channel, probes } = await setUp("10.0.1.1", "10.0.1.2");
  const [first, second] = socket.sent.splice(0);
  socket.answer(first!);
  probes[1]!.cancellation.cancel();
  await turn();
  assert.deepEqual(probes.map(({ verdict }) => verdict?.code), ["L4OK", "L3ENCAP"]);
  socket.answer(first!);
  socket.answer(second!);
  channel.drain();
  assert.deepEqual(socket.sent.map(({ server, flags }) => [server, flags]), [
    ["10.0.1.1", RST],
    ["10.0.1.1", RST],
    ["10.0.1.2", RST],
  ]);
});

Deno.test("a server that repeats its answer for a minute is reset, at a thousand probes a second", async () => {
  const { socket, channel, probes } = await setUp("10.0.1.1");
  const [first] = socket.sent.splice(0);
  probes[0]!.cancellation.cancel();
  const target = targetOf("10.0.1.2");
  for (let second = 0; second < 60; second++) {
    for (let i = 0; i < 1000; i++) {
      const cancellation = new Cancellation();
      void channel.run(target, cancellation);
      cancellation.cancel();
    }
    await turn();
  }
  assert.equal(channel.waiting, 0);
  socket.sent.length = 0;
  socket.answer(first!);
  channel.drain();
  assert.deepEqual(socket.sent.map(({ server, flags }) => [server, flags]), [["10.0.1.1", RST]]);
});

Deno.test("a probe whose answer may have been lost, or that cannot be sent, is void", async () => {
  const { socket, channel, probes } = await setUp("10.0.1.1");
  socket.overflow = true;
  probes[0]!.cancellation.cancel();
  await turn();
  assert.equal(probes[0]!.verdict!.inconclusive, true);
  socket.status = -11;
  const full = await channel.run(targetOf("10.0.1.1"), new Cancellation());
  assert.deepEqual([full.inconclusive, full.detail], [true, "the send queue is full"]);
  socket.status = -113;
  const away = await channel.run(targetOf("10.0.1.1"), new Cancellation());
  assert.deepEqual([away.inconclusive, away.detail], [false, "no route to host"]);
  socket.status = 0;
  const running = channel.run(targetOf("10.0.1.1"), new Cancellation());
  channel.abandon("gone");
  assert.deepEqual((await running).detail, "gone");
});

Deno.test("a flood is read in parts, and a probe is void while its answer may be in it", async () => {
  const { socket, channel, probes } = await setUp("10.0.1.1");
  socket.flooded = true;
  assert.equal(channel.drain(), false);
  probes[0]!.cancellation.cancel();
  await turn();
  assert.equal(probes[0]!.verdict!.inconclusive, true);
  socket.flooded = false;
  assert.equal(channel.drain(), true);
});
