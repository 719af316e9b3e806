/**
 * Carries VPP's API over shared memory, by libvppapiclient. The library does not suit a daemon
 * (ffi/vac_bridge.c has the reasons), so the shim starts it in a process of its own, the bridge.
 * This is the daemon's end of a socket to the bridge. Messages are framed as on VPP's own socket.
 * Only the first one differs: in it the bridge reports that it is connected, or the reason why not.
 *
 * The library fills in the client index of requests and answers keepalives by itself.
 */
import { openShim, type Shim, type ShimCalls, type ShimResult } from "../../../ffi/open.ts";
import { VAC_HELLO, VAC_NOTICE } from "../../../ffi/symbols.ts";
import { errnoName } from "../../base/errno.ts";
import { MaglevError } from "../../base/errors.ts";
import type { Transport } from "../ports.ts";
import { encodeFrame } from "../wire/frame.ts";
import { ALL_MESSAGES, controlPing, controlPingReply } from "../wire/messages.ts";
import { openTransport, type OpenTransportOptions } from "./opening.ts";
import { type ByteStream, readFirst, StreamTransport, writeAll } from "./stream_transport.ts";

const SCHEME = "shm:";

/** Maximum wait of one call, and so the time by which its thread may delay the process's exit. */
const WAIT_MS = 1000;

const EAGAIN = -11;
const ENOENT = -2;

const BRIDGE_ENDED = "the bridge to VPP's shared memory ended";

/** The id that VPP's library returns for an unknown message. */
const NO_ID = 0xffff;

/** Options of connectSharedMemory. */
export interface SharedMemoryOptions extends OpenTransportOptions {
  /** Opens the shim; default: openShim. */
  readonly openShim?: () => ShimResult;
}

/** True for addresses that connectSharedMemory accepts: `shm:`, `shm:PREFIX`. */
export function isSharedMemory(address: string): boolean {
  return address.startsWith(SCHEME);
}

/** The reason why `address` is not a valid one of shared memory; undefined when it is. */
export function badSharedMemory(address: string): string | undefined {
  const prefix = address.slice(SCHEME.length);
  if (/^[\w.+-]{0,200}$/.test(prefix)) return undefined;
  return "need shm: or shm:PREFIX, with the prefix of VPP's api-segment: letters, digits and . _ + -";
}

/**
 * Connects to the VPP whose `api-segment` has the prefix of `address`. Rejects with MaglevError:
 * `unavailable` (no shim, no library, no segment, refused), `deadline-exceeded`, `aborted`.
 */
export function connectSharedMemory(
  address: string,
  options: SharedMemoryOptions,
): Promise<Transport> {
  return openTransport(address, options, {
    open: () => new Promise((resolve) => resolve(openBridge(options.openShim ?? openShim))),
    greet: (stream) => greet(stream, { ...options, prefix: address.slice(SCHEME.length) }),
  });
}

interface GreetOptions extends SharedMemoryOptions {
  readonly prefix: string;
}

async function greet(stream: ByteStream, options: GreetOptions): Promise<Transport> {
  const names = namesToAskFor();
  const request = [options.prefix, options.clientName, ...names].map((text) => `${text}\0`);
  await writeAll(stream, encodeFrame(new TextEncoder().encode(request.join(""))));
  const reply = await readFirst(stream, options);
  if (reply === undefined) throw new MaglevError("unavailable", BRIDGE_ENDED);
  const reason = lastWord(reply);
  if (reason !== undefined) throw new MaglevError("unavailable", reason);
  const hello = decodeHello(reply, names);
  return new StreamTransport(stream, { ...options, ...hello, lastWord, endText: BRIDGE_ENDED });
}

/** The library returns the id of a name but no list of names, so all our messages are queried. */
function namesToAskFor(): readonly string[] {
  // The bridge uses the first two for its own pings.
  const first = [controlPing.key, controlPingReply.key];
  return [...first, ...ALL_MESSAGES.map(({ key }) => key).filter((key) => !first.includes(key))];
}

function decodeHello(
  message: Uint8Array,
  names: readonly string[],
): { readonly clientIndex: number; readonly table: ReadonlyMap<string, number> } {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (message.length !== 6 + 2 * names.length || view.getUint16(0) !== VAC_HELLO) {
    throw new MaglevError("unavailable", "the bridge is of another version; run `deno task setup`");
  }
  const ids = names.map((name, i) => [name, view.getUint16(6 + 2 * i)] as const);
  return {
    clientIndex: view.getUint32(2),
    table: new Map(ids.filter(([, id]) => id !== NO_ID)),
  };
}

/** The reason that the bridge sends when it ends; undefined for any other message. */
function lastWord(message: Uint8Array): string | undefined {
  if (message.length < 2 || (message[0]! << 8 | message[1]!) !== VAC_NOTICE) return undefined;
  return new TextDecoder().decode(message.subarray(2));
}

/** Starts a bridge; throws MaglevError `unavailable` with the reason when it cannot. */
function openBridge(open: () => ShimResult): ByteStream {
  const result = open();
  if (result.kind === "error") throw new MaglevError("unavailable", result.message);
  const { shim } = result;
  const fd = shim.calls.maglev_vac_open();
  const wake = fd < 0 ? fd : shim.calls.maglev_wake_open();
  if (wake >= 0) return new BridgeStream(shim, { fd, wake });
  if (fd >= 0) shim.calls.maglev_close(fd);
  shim.close();
  throw new MaglevError("unavailable", bridgeFailure(wake));
}

function bridgeFailure(errno: number): string {
  if (errno === ENOENT) {
    return "cannot find maglev_vac_bridge next to the shim; run `deno task setup`";
  }
  if (errno === EAGAIN) return "too many earlier connections are still disconnecting from VPP";
  return `cannot start the bridge: ${errnoName(errno)}`;
}

interface Descriptors {
  readonly fd: number;
  /** Ends a wait that is under way. */
  readonly wake: number;
}

/**
 * The socket to the bridge. One call at a time waits, in a thread of Deno's pool, until the socket
 * can be read or written as requested. Other calls, which do not wait, read and send bytes.
 */
class BridgeStream implements ByteStream {
  readonly #shim: Shim;
  readonly #calls: ShimCalls;
  readonly #fds: Descriptors;
  #closed = false;
  #waiting = false;
  #reader: (() => void) | undefined;
  #writer: (() => void) | undefined;

  constructor(shim: Shim, fds: Descriptors) {
    this.#shim = shim;
    this.#calls = shim.calls;
    this.#fds = fds;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    for (;;) {
      if (this.#closed) return null;
      const size = this.#calls.maglev_vac_receive(this.#fds.fd, bytesOf(buffer), buffer.length);
      if (size > 0) return size;
      if (size === 0) return null;
      if (size !== EAGAIN) throw new MaglevError("unavailable", errnoName(size));
      await new Promise<void>((resolve) => {
        this.#reader = resolve;
        this.#wait();
      });
    }
  }

  async write(bytes: Uint8Array): Promise<number> {
    for (;;) {
      if (this.#closed) throw new MaglevError("unavailable", "closed");
      const size = this.#calls.maglev_vac_send(this.#fds.fd, bytesOf(bytes), bytes.length);
      if (size >= 0) return size;
      if (size !== EAGAIN) throw new MaglevError("unavailable", errnoName(size));
      await new Promise<void>((resolve) => {
        this.#writer = resolve;
        this.#wait();
      });
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#waiting) this.#calls.maglev_wake(this.#fds.wake);
    else this.#release();
  }

  /** Starts the waiting call, or makes the one under way start again with the new request. */
  #wait(): void {
    if (this.#waiting) {
      this.#calls.maglev_wake(this.#fds.wake);
      return;
    }
    this.#waiting = true;
    void this.#waitWhileWanted();
  }

  async #waitWhileWanted(): Promise<void> {
    const { fd, wake } = this.#fds;
    while (!this.#closed && (this.#reader !== undefined || this.#writer !== undefined)) {
      const toSend = this.#writer === undefined ? 0 : 1;
      const ready = await this.#calls.maglev_vac_wait(fd, wake, toSend, WAIT_MS);
      // The reason of a failed wait is reported by the read or write that follows.
      const failed = ready < 0;
      if ((ready & 4) !== 0) this.#calls.maglev_wake_clear(wake);
      if (failed || (ready & 1) !== 0) this.#resumeReader();
      if (failed || (ready & 2) !== 0) this.#resumeWriter();
    }
    this.#waiting = false;
    if (this.#closed) this.#release();
  }

  #resumeReader(): void {
    const resume = this.#reader;
    this.#reader = undefined;
    resume?.();
  }

  #resumeWriter(): void {
    const resume = this.#writer;
    this.#writer = undefined;
    resume?.();
  }

  /** Closes everything. The bridge disconnects from VPP when its socket is closed. */
  #release(): void {
    this.#calls.maglev_close(this.#fds.fd);
    this.#calls.maglev_close(this.#fds.wake);
    this.#shim.close();
    this.#resumeReader();
    this.#resumeWriter();
  }
}

/** `bytes` with the type that the FFI requires: memory not shared with another thread. */
function bytesOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (bytes.buffer instanceof ArrayBuffer) return bytes as Uint8Array<ArrayBuffer>;
  throw new MaglevError("internal", "shared memory where none is expected");
}
