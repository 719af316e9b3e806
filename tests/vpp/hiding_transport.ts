/** A transport to a real VPP that hides its weight messages. */
import { WEIGHT_MESSAGES } from "../../src/sim/plugin/release.ts";
import type { ConnectOptions } from "../../src/vpp/api/connection.ts";
import type { Transport } from "../../src/vpp/ports.ts";
import { connectUnixSocket } from "../../src/vpp/transport/unix_socket.ts";

/** A transport on which VPP's table lacks the weight messages. */
class HidingTransport implements Transport {
  readonly table: ReadonlyMap<string, number>;
  readonly #inner: Transport;

  constructor(inner: Transport) {
    this.#inner = inner;
    const hidden = new Set(WEIGHT_MESSAGES);
    this.table = new Map([...inner.table].filter(([key]) => !hidden.has(key.slice(0, -9))));
  }

  get clientIndex(): number {
    return this.#inner.clientIndex;
  }

  set onMessage(handler: (message: Uint8Array) => void) {
    this.#inner.onMessage = handler;
  }

  set onEnd(handler: (reason: string) => void) {
    this.#inner.onEnd = handler;
  }

  send(message: Uint8Array): void {
    this.#inner.send(message);
  }

  close(): void {
    this.#inner.close();
  }
}

/** Connects to the socket at `address`. */
export async function connectHiding(address: string, options: ConnectOptions): Promise<Transport> {
  return new HidingTransport(await connectUnixSocket(address, options));
}
