/** Matching of answers, against a socket that is played by the test. */
import assert from "node:assert/strict";
import { healthcheck } from "../../../tests/support/worlds/healthcheck.ts";
import { IcmpChannel, type IcmpSocket } from "./channel.ts";
import type { EchoTarget } from "./records.ts";
import { Cancellation } from "../prober.ts";
import type { Verdict } from "../outcome.ts";

const DESTINATION = Uint8Array.of(198, 18, 0, 1);
const SENT_MS = 1000;

/** Plays ffi/shim.h's records: tests read the requests and prepare the answers. */
class FakeSocket implements IcmpSocket {
  readonly family = 4;
  readonly id = 0x77;
  /** Packets that were sent. */
  readonly sent: Uint8Array[] = [];
  /** Size of each batch. */
  readonly batches: number[] = [];
  status = 0;
  overflow = false;
  /** Packets of others arrive without an end. */
  flooded = false;
  receives = 0;
  local = true;
  #ready: { packet: Uint8Array; address: Uint8Array; atMs: number }[] = [];

  send(records: Uint8Array<ArrayBuffer>): void {
    const view = new DataView(records.buffer, records.byteOffset, records.length);
    this.batches.push(records.length / 96);
    for (let at = 0; at < records.length; at += 96) {
      view.setFloat64(at, SENT_MS, true);
      view.setInt32(at + 8, this.status, true);
      const length = view.getUint32(at + 52, true);
      this.sent.push(records.slice(at + 56, at + 56 + length));
    }
  }

  route(_: EchoTarget, source: Uint8Array | undefined): string {
    return source === undefined || this.local ? "" : "EADDRNOTAVAIL";
  }

  receive(records: Uint8Array<ArrayBuffer>): { count: number; overflow: boolean } {
    if (this.flooded) {
      assert.ok(++this.receives < 1000, "a flood keeps the thread");
      return { count: records.fill(0).length / 144, overflow: false };
    }
    const taken = this.#ready.splice(0, records.length / 144);
    const view = new DataView(records.buffer, records.byteOffset, records.length);
    taken.forEach(({ packet, address, atMs }, i) => {
      const at = 144 * i;
      records.fill(0, at, at + 144);
      view.setFloat64(at, atMs, true);
      records.set(address, at + 16);
      view.setUint32(at + 40, packet.length, true);
      records.set(packet, at + 44);
    });
    return { count: taken.length, overflow: this.overflow };
  }

  /** Lays an answer to a sent request ready. */
  answer(
    request: Uint8Array,
    { afterMs = 1, address = DESTINATION }: { afterMs?: number; address?: Uint8Array } = {},
  ): void {
    const packet = request.slice();
    packet[0] = 0;
    // From type 8 to type 0 the checksum grows by 0x800, in ones' complement.
    let sum = ((packet[2]! << 8) | packet[3]!) + 0x800;
    sum = (sum & 0xffff) + (sum >> 16);
    packet[2] = sum >> 8;
    packet[3] = sum & 0xff;
    this.#ready.push({ packet, address, atMs: SENT_MS + afterMs });
  }
}

function setup() {
  const socket = new FakeSocket();
  let waited = 0;
  const channel = new IcmpChannel(socket, () => waited++);
  const { timeoutMs } = healthcheck();
  const probe = (source?: Uint8Array) => {
    const cancellation = new Cancellation();
    const probe = { destination: DESTINATION, scope: 0, source, timeoutMs };
    let verdict: Verdict | undefined;
    channel.run(probe, cancellation).then((result) => verdict = result);
    return { cancellation, verdict: () => verdict };
  };
  return { socket, channel, probe, waited: () => waited };
}

/** Lets what is due run. */
async function turn(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

Deno.test("IcmpChannel sends probes that start together in batches of 256", async () => {
  const { socket, channel, probe, waited } = setup();
  const probes = Array.from({ length: 600 }, () => probe());
  assert.equal(socket.batches.length, 0);
  await turn();
  assert.deepEqual(socket.batches, [256, 256, 88]);
  assert.deepEqual([channel.waiting, waited()], [600, 1]);
  for (const request of socket.sent.toReversed()) socket.answer(request);
  channel.drain();
  await turn();
  assert.ok(probes.every(({ verdict }) => verdict()?.code === "L7OK"));
  assert.equal(channel.waiting, 0);
  assert.equal(new Set(socket.sent.map((packet) => packet.toHex())).size, 600);
});

Deno.test("IcmpChannel measures from sending to arrival, not to reading", async () => {
  const { socket, channel, probe } = setup();
  const { verdict } = probe();
  await turn();
  socket.answer(socket.sent[0]!, { afterMs: 12.5 });
  channel.drain();
  await turn();
  assert.equal(verdict()?.durationMs, 12.5);
});

Deno.test("IcmpChannel ignores foreign, duplicate and late answers", async () => {
  const { socket, channel, probe } = setup();
  const { verdict, cancellation } = probe();
  await turn();
  const [request] = socket.sent;
  socket.answer(request!, { address: Uint8Array.of(198, 18, 0, 2) });
  const forged = request!.slice();
  // Two bytes of the token changed so that the checksum still fits.
  [forged[20], forged[22]] = [forged[22]!, forged[20]!];
  if (forged[20] === forged[22]) forged[20]! ^= 1;
  socket.answer(forged);
  socket.answer(request!, { afterMs: healthcheck().timeoutMs + 0.5 });
  channel.drain();
  await turn();
  assert.equal(verdict(), undefined);
  cancellation.cancel();
  await turn();
  assert.deepEqual([verdict()?.code, verdict()?.inconclusive], ["L7TOUT", false]);
  // After its end an answer has no effect.
  socket.answer(request!);
  socket.answer(request!);
  channel.drain();
  assert.equal(channel.waiting, 0);
});

Deno.test("IcmpChannel reads once more before it times a probe out", async () => {
  const { socket, probe } = setup();
  const { verdict, cancellation } = probe();
  await turn();
  socket.answer(socket.sent[0]!, { afterMs: healthcheck().timeoutMs });
  cancellation.cancel();
  await turn();
  assert.equal(verdict()?.code, "L7OK", "it was there in time");
});

Deno.test("IcmpChannel is inconclusive after its own queue overflowed", async () => {
  const { socket, channel, probe } = setup();
  const before = probe();
  await turn();
  socket.overflow = true;
  channel.drain();
  socket.overflow = false;
  const after = probe();
  await turn();
  before.cancellation.cancel();
  after.cancellation.cancel();
  await turn();
  assert.deepEqual([before.verdict()?.inconclusive, after.verdict()?.inconclusive], [true, false]);
});

Deno.test("IcmpChannel reads a flood in parts, and a probe is void while its answer may be in it", async () => {
  const { socket, channel, probe } = setup();
  const { cancellation, verdict } = probe();
  await turn();
  socket.flooded = true;
  assert.equal(channel.drain(), false);
  cancellation.cancel();
  await turn();
  assert.equal(verdict()?.inconclusive, true);
  socket.flooded = false;
  assert.equal(channel.drain(), true);
});

Deno.test("IcmpChannel distinguishes failures to send", async () => {
  const cases: [
    status: number,
    local: boolean,
    code: string,
    inconclusive: boolean,
    detail: RegExp,
  ][] = [
    [-101, true, "L4CON", false, /network unreachable/],
    [-101, false, "L4CON", true, /^source address \S+ is not on this host$/],
    [-22, true, "L4CON", true, /^the target cannot be reached from source address \S+$/],
    [-11, true, "L4CON", true, /send queue is full/],
    [-105, true, "L4CON", true, /kernel buffers/],
    [-1, true, "L4CON", true, /^forbidden by a firewall or security module of this host$/],
    [-77, true, "L4CON", true, /unknown error: cannot send: errno 77/],
  ];
  for (const [status, local, code, inconclusive, detail] of cases) {
    const { socket, channel, probe, waited } = setup();
    Object.assign(socket, { status, local });
    const { verdict } = probe(DESTINATION);
    await turn();
    assert.deepEqual([verdict()?.code, verdict()?.inconclusive], [code, inconclusive]);
    assert.match(verdict()!.detail, detail);
    assert.deepEqual([channel.waiting, waited()], [0, 0]);
  }
});

Deno.test("IcmpChannel does not send what was cancelled in the same turn", async () => {
  const { socket, probe } = setup();
  const { verdict, cancellation } = probe();
  cancellation.cancel();
  await turn();
  assert.deepEqual([socket.sent.length, verdict()?.code], [0, "L7TOUT"]);
});

Deno.test("IcmpChannel runs at most 65,536 probes and completes all", async () => {
  const { channel, probe } = setup();
  const all = Array.from({ length: 65_536 }, () => probe());
  const oneMore = probe();
  await turn();
  assert.equal(oneMore.verdict()?.inconclusive, true);
  channel.abandon("closed");
  await turn();
  assert.ok(all.every(({ verdict }) => verdict()?.inconclusive === true));
  assert.equal(channel.waiting, 0);
});
