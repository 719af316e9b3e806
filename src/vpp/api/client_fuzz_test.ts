/**
 * The client against a misbehaving VPP: randomly mutated replies, as messages and as a stream.
 * In every case nothing is thrown at the transport, every promise settles, onEnd is called at
 * most once and no timer is left. A failure's message has the seed and the bytes.
 */
import assert from "node:assert/strict";
import { FakeClock, settle } from "../../../tests/support/fakes/fake_clock.ts";
import { fuzz, mutateBytes, rounds } from "../../../tests/support/fakes/fuzz.ts";
import { MemoryTransport } from "../../../tests/support/fakes/memory_transport.ts";
import type { Logger } from "../../base/ports.ts";
import { parseIp } from "../../base/address.ts";
import { VppClient } from "./client.ts";
import { LbClient } from "./lb_client.ts";
import { encodeFrame, FrameDecoder } from "../wire/frame.ts";
import {
  cliInbandReply,
  controlPingReply,
  lbAddDelAsV2Reply,
  lbAsV2Details,
  lbConfGetReply,
  lbVipDetails,
  memclntKeepalive,
} from "../wire/messages.ts";

const MESSAGES = rounds(100_000);
const STREAMS = rounds(3000);

const SILENT: Logger = {
  enabled: () => false,
  debug() {},
  info() {},
  warn() {},
  error() {},
};
const OBSERVER = { message() {} };
const V4 = parseIp("192.0.2.1")!;

/** A client with one request of each kind unanswered. */
class Victim {
  readonly transport = new MemoryTransport();
  readonly clock = new FakeClock();
  readonly client: VppClient;
  ends = 0;
  unsettled = 0;
  /** Correct replies to the unanswered requests. */
  answers: Uint8Array[] = [];

  constructor() {
    const options = { clock: this.clock, logger: SILENT, observer: OBSERVER };
    this.client = new VppClient(this.transport, options);
    this.client.onEnd = () => this.ends++;
    this.ask();
  }

  /** Sends one request of each kind. */
  ask(): void {
    const lb = new LbClient(this.client);
    const vip = { address: V4, prefixLength: 32, protocol: 6, port: 80 };
    const work: Promise<unknown>[] = [
      this.client.ping(),
      lb.getConf(),
      lb.cli("show lb vips verbose"),
      lb.addServer(vip, V4, 100),
      lb.dumpVips(),
      lb.dumpServers(),
    ];
    for (const promise of work) {
      this.unsettled++;
      const settled = () => void this.unsettled--;
      promise.then(settled, settled);
    }
    this.answers = this.#rightAnswers(this.transport.take().map(({ context }) => context));
  }

  #rightAnswers(contexts: readonly number[]): Uint8Array[] {
    const { table } = this.transport;
    const header = (key: string, at: number) => ({
      id: table.get(key) ?? 0,
      clientIndex: 0,
      context: contexts[at] ?? 0,
    });
    const vip = { pfx: { address: V4, len: 32 }, protocol: 6, port: 80 };
    return [
      controlPingReply.encode(header(controlPingReply.key, 0), { retval: 0, vpePid: 1 }),
      lbConfGetReply.encode(header(lbConfGetReply.key, 1), {
        retval: 0,
        ip4SrcAddress: V4,
        ip6SrcAddress: parseIp("::1")!,
        stickyBucketsPerCore: 1024,
        flowTimeout: 40,
      }),
      cliInbandReply.encode(header(cliInbandReply.key, 2), { retval: 0, reply: "some output" }),
      lbAddDelAsV2Reply.encode(header(lbAddDelAsV2Reply.key, 3), { retval: 0 }),
      lbVipDetails.encode(header(lbVipDetails.key, 4), {
        vip,
        encap: 0,
        dscp: 0,
        srvType: 0,
        targetPort: 0,
        flowTableLength: 1024,
      }),
      controlPingReply.encode(header(controlPingReply.key, 5), { retval: 0, vpePid: 1 }),
      lbAsV2Details.encode(header(lbAsV2Details.key, 6), {
        vip,
        appSrv: V4,
        flags: 1,
        inUseSince: 0,
        weight: 100,
        numBuckets: 1024,
      }),
      controlPingReply.encode(header(controlPingReply.key, 7), { retval: 0, vpePid: 1 }),
      memclntKeepalive.encode(header(memclntKeepalive.key, 0), {}),
    ];
  }

  async check(what: string): Promise<void> {
    assert.ok(this.ends <= 1, `${what}: onEnd called ${this.ends} times`);
    this.transport.end("done");
    this.client.close();
    await settle();
    assert.equal(this.unsettled, 0, `${what}: promises left`);
    assert.equal(this.clock.timers, 0, `${what}: timers left`);
    assert.ok(this.ends <= 1, `${what}: onEnd called ${this.ends} times`);
  }
}

Deno.test(`VppClient survives ${MESSAGES} mutated messages`, async () => {
  const { seed, below } = fuzz();
  let victim = new Victim();
  let ended = 0;
  for (let i = 0; i < MESSAGES; i++) {
    const message = mutateBytes(victim.answers[below(victim.answers.length)]!, below);
    const what = `seed ${seed}, message ${i}: ${[...message]}`;
    assert.doesNotThrow(() => victim.transport.onMessage(message), what);
    if (victim.transport.closed) {
      await victim.check(what);
      victim = new Victim();
      ended++;
    } else if (victim.answers.length === 0 || below(3) === 0) {
      // Some requests were answered: send more, so that there are always unanswered ones.
      victim.ask();
    }
  }
  await victim.check("the last");
  assert.ok(ended > MESSAGES / 100, `only ${ended} ended: the mutations have no effect`);
});

Deno.test(`VppClient survives ${STREAMS} mutated streams, split at random`, async () => {
  const { seed, below } = fuzz(1);
  for (let i = 0; i < STREAMS; i++) {
    const victim = new Victim();
    const decoder = new FrameDecoder({ maxMessageBytes: 1 << 16 });
    const frames = victim.answers.map((answer) => encodeFrame(answer));
    const stream = mutateBytes(Uint8Array.from(frames.flatMap((frame) => [...frame])), below);
    const what = `seed ${seed}, stream ${i}: ${[...stream]}`;
    try {
      for (let at = 0; at < stream.length;) {
        const size = 1 + below(64);
        const chunk = stream.subarray(at, at + size);
        decoder.push(chunk, (message) => victim.transport.receive(message));
        at += size;
      }
    } catch (error) {
      victim.transport.end(String(error));
    }
    await victim.check(what);
  }
});
