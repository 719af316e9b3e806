/**
 * The other end of VPP's shared-memory API with nothing behind it: a stand-in for libvppapiclient
 * (vppapiclient.c, built by `make standin`) that speaks to an ApiListener of the test, and a file
 * in the place of VPP's segment that leads it there.
 */
import { connectSharedMemory } from "../../../src/vpp/transport/shared_memory.ts";
import type { OpenTransportOptions } from "../../../src/vpp/transport/opening.ts";
import type { Transport } from "../../../src/vpp/ports.ts";
import { controlPing, controlPingReply } from "../../../src/vpp/wire/messages.ts";
import { ApiListener, type ApiPeer } from "./api_listener.ts";
import { FULL_TABLE } from "../fakes/memory_transport.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const LIBRARY = `${ROOT}build/test/libvppapiclient.so`;
const VARIABLE = "MAGLEV_VPPAPICLIENT";

/** Contexts of the bridge's own pings (ffi/vac_bridge.c). */
const OWN_CONTEXTS = [0x76616331, 0x76616332];

/** Builds the stand-in. Needs a C compiler. */
export async function buildStandIn(): Promise<string> {
  const { success, stderr } = await new Deno.Command("make", {
    args: ["-s", "-C", `${ROOT}ffi`, "standin"],
    stdin: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return LIBRARY;
}

/** Answers control_ping of the bridge itself as VPP process `pid`. */
export function answerPings(clientIndex: number, pid: number) {
  return (message: Uint8Array): Uint8Array | undefined => {
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    if (message.length !== 10 || view.getUint16(0) !== FULL_TABLE.get(controlPing.key)) return;
    const context = view.getUint32(6);
    if (!OWN_CONTEXTS.includes(context)) return;
    const id = FULL_TABLE.get(controlPingReply.key) ?? 0;
    return controlPingReply.encode({ id, clientIndex, context }, { retval: 0, vpePid: pid });
  };
}

/** Options of SharedMemoryPeer. */
export interface SharedMemoryPeerOptions {
  /** Value of MAGLEV_VPPAPICLIENT; default: the stand-in, which must have been built. */
  readonly library?: string;
}

/** A file in the place of VPP's segment, which leads the stand-in to a unix socket. */
export class StandInSegment {
  readonly prefix = `maglev-test-${crypto.randomUUID().slice(0, 8)}`;
  readonly address = `shm:${this.prefix}`;
  readonly path = `/dev/shm/${this.prefix}-vpe-api`;

  /** Makes it, or replaces it, like a VPP that starts. */
  make(socket: string): void {
    this.remove();
    Deno.writeTextFileSync(this.path, socket);
  }

  remove(): void {
    try {
      Deno.removeSync(this.path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** Runs `fn` with the variable that names the library set; what it starts has it so. */
export function withLibrary<T>(library: string, fn: () => T): T {
  const before = Deno.env.get(VARIABLE);
  Deno.env.set(VARIABLE, library);
  try {
    return fn();
  } finally {
    if (before === undefined) Deno.env.delete(VARIABLE);
    else Deno.env.set(VARIABLE, before);
  }
}

/** A segment of its own, and who answers there. */
export class SharedMemoryPeer {
  readonly listener = new ApiListener();
  readonly segment = new StandInSegment();
  readonly #library: string;

  constructor({ library = LIBRARY }: SharedMemoryPeerOptions = {}) {
    this.#library = library;
    this.makeSegment();
  }

  makeSegment(): void {
    this.segment.make(this.listener.path);
  }

  /** The next connection, which the bridge has greeted as VPP process `pid`. */
  accept({ index = 0x8000_0001, pid = 0 } = {}): Promise<ApiPeer> {
    return this.listener.accept({ index, answer: answerPings(index, pid) });
  }

  /** Connects with the library that this peer has. */
  connect(options: OpenTransportOptions): Promise<Transport> {
    // The bridge is started before this returns.
    return withLibrary(this.#library, () => connectSharedMemory(this.segment.address, options));
  }

  dispose(): void {
    this.segment.remove();
    this.listener.dispose();
  }
}
