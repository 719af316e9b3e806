/**
 * The contract of Transport for every implementation. Each one supplies a harness;
 * transport_test.ts runs the suite against all.
 */
import assert from "node:assert/strict";
import type { Transport } from "../../src/vpp/ports.ts";

/** The client index that every harness gives. */
export const CLIENT_INDEX = 0x8000_0001;

/** A transport under test, connected to a peer that the test plays. */
export interface TransportHarness {
  readonly transport: Transport;
  /** The peer's values of the handshake. */
  readonly table: ReadonlyMap<string, number>;
  /** The next `count` messages the peer received. */
  take(count: number): Promise<readonly Uint8Array[]>;
  /** Messages from the peer, together. */
  give(...messages: readonly Uint8Array[]): Promise<void>;
  /** The peer goes away. */
  leave(): void;
  /** Resolves when the peer has seen the close. */
  closed(): Promise<void>;
  dispose(): Promise<void>;
}

/** How one implementation is put under test. */
export interface TransportCase {
  readonly name: string;
  connect(): Promise<TransportHarness>;
}

/**
 * Messages of many lengths, recognisable. As in every request, the client index is in bytes 2 to
 * 5: libvppapiclient puts it there whatever is in its place.
 */
function samples(count: number, maxBytes: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const message = new Uint8Array(6 + ((i * 7919) % maxBytes)).fill(i);
    const view = new DataView(message.buffer);
    view.setUint16(0, i);
    view.setUint32(2, CLIENT_INDEX);
    return message;
  });
}

const SHORT = samples(1, 1)[0]!;

/** The first `count` messages that the transport hands out, copied. */
function collect(transport: Transport, count: number): Promise<readonly Uint8Array[]> {
  const messages: Uint8Array[] = [];
  return new Promise((resolve, reject) => {
    transport.onEnd = (reason) => reject(new Error(reason));
    transport.onMessage = (message) => {
      messages.push(message.slice());
      if (messages.length === count) resolve(messages);
    };
  });
}

function ended(transport: Transport): Promise<string> {
  return new Promise((resolve) => transport.onEnd = resolve);
}

/** Registers the suite for one implementation. */
export function transportContract({ name, connect }: TransportCase): void {
  function test(title: string, body: (harness: TransportHarness) => Promise<void>): void {
    Deno.test(`${name}: ${title}`, async () => {
      const harness = await connect();
      try {
        await body(harness);
      } finally {
        harness.transport.close();
        await harness.dispose();
      }
    });
  }

  test("has the table and client index of the handshake", (harness) => {
    assert.deepEqual(harness.transport.table, harness.table);
    assert.equal(harness.transport.clientIndex, CLIENT_INDEX);
    return Promise.resolve();
  });

  test("sent messages arrive whole and in order", async (harness) => {
    const messages = samples(2000, 900);
    for (const message of messages) harness.transport.send(message);
    assert.deepEqual(await harness.take(messages.length), messages);
  });

  test("a message is copied at send(), so its buffer may be reused", async (harness) => {
    const message = SHORT.slice();
    const kept = message.slice();
    harness.transport.send(message);
    message.fill(255);
    assert.deepEqual(await harness.take(1), [kept]);
  });

  test("received messages arrive whole and in order, even a long one", async (harness) => {
    const messages = [...samples(500, 3000), new Uint8Array(3 << 20).fill(5), ...samples(3, 10)];
    const got = collect(harness.transport, messages.length);
    await harness.give(...messages);
    assert.deepEqual(await got, messages);
  });

  test("replies may be sent from inside onMessage", async (harness) => {
    harness.transport.onMessage = (message) => harness.transport.send(message.slice());
    const messages = samples(300, 100);
    await harness.give(...messages);
    assert.deepEqual(await harness.take(messages.length), messages);
  });

  test("onEnd is called once, with a reason, when the peer closes", async (harness) => {
    let ends = 0;
    const reason = new Promise<string>((resolve) => {
      harness.transport.onEnd = (reason) => {
        ends++;
        resolve(reason);
      };
    });
    harness.leave();
    assert.notEqual(await reason, "");
    harness.transport.send(SHORT);
    harness.transport.close();
    await harness.closed();
    assert.equal(ends, 1);
  });

  test("after close() nothing is called, nothing is sent, and closing again is fine", async (harness) => {
    harness.transport.onEnd = () => assert.fail("onEnd after close()");
    harness.transport.onMessage = () => assert.fail("onMessage after close()");
    harness.transport.close();
    harness.transport.close();
    harness.transport.send(SHORT);
    await harness.give(SHORT).catch(() => {});
    await harness.closed();
  });

  test("close() inside onMessage silences the rest of the batch", async (harness) => {
    let calls = 0;
    harness.transport.onEnd = () => assert.fail("onEnd after close()");
    harness.transport.onMessage = () => {
      calls++;
      harness.transport.close();
    };
    await harness.give(...samples(50, 20)).catch(() => {});
    await harness.closed();
    assert.equal(calls, 1);
  });

  test("a throw in onMessage ends the transport and nothing else", async (harness) => {
    const reason = ended(harness.transport);
    harness.transport.onMessage = () => {
      throw new Error("handler broke");
    };
    await harness.give(SHORT).catch(() => {});
    assert.match(await reason, /handler broke/);
  });
}
