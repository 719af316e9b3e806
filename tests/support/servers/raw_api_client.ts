/**
 * A client of VPP's API socket that handles frames only, for tests that look at bytes.
 * It shares no code with the product's client, so that a mistake there cannot hide here.
 */

/** A connection. */
export interface RawClient {
  /** Sends one message with its frame header. */
  send(message: Uint8Array): Promise<void>;
  /** Sends bytes as they are. */
  sendBytes(bytes: Uint8Array): Promise<void>;
  /** The next whole message; rejects when the connection ends before it is whole. */
  receive(): Promise<Uint8Array>;
  /** Everything until the connection ends, as it came. */
  rest(): Promise<Uint8Array>;
  /** Received bytes that no call has read. */
  readonly unread: number;
  close(): void;
}

/** Connects to the socket at `path`. */
export async function rawClient(path: string): Promise<RawClient> {
  const conn = await Deno.connect({ transport: "unix", path });
  let pending = new Uint8Array(0);
  const more = async (): Promise<boolean> => {
    const buffer = new Uint8Array(65536);
    const size = await conn.read(buffer).catch((error) => {
      if (error instanceof Deno.errors.ConnectionReset) return null;
      throw error;
    });
    if (size === null) return false;
    const grown = new Uint8Array(pending.length + size);
    grown.set(pending);
    grown.set(buffer.subarray(0, size), pending.length);
    pending = grown;
    return true;
  };
  const take = async (size: number): Promise<Uint8Array> => {
    while (pending.length < size) {
      if (!await more()) {
        throw new Error(`connection ended with ${pending.length} of ${size} bytes`);
      }
    }
    const taken = pending.slice(0, size);
    pending = pending.slice(size);
    return taken;
  };
  const sendBytes = async (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
  };
  return {
    sendBytes,
    send(message) {
      const frame = new Uint8Array(16 + message.length);
      new DataView(frame.buffer).setUint32(8, message.length);
      frame.set(message, 16);
      return sendBytes(frame);
    },
    async receive() {
      const header = await take(16);
      return await take(new DataView(header.buffer).getUint32(8));
    },
    async rest() {
      while (await more());
      return await take(pending.length);
    },
    get unread() {
      return pending.length;
    },
    close: () => conn.close(),
  };
}
