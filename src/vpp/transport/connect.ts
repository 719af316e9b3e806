/** Chooses the transport by the address of VPP's API. */
import type { Transport } from "../ports.ts";
import type { OpenTransportOptions } from "./opening.ts";
import { badSharedMemory, connectSharedMemory, isSharedMemory } from "./shared_memory.ts";
import { connectUnixSocket } from "./unix_socket.ts";

/**
 * Connects to VPP at a path (its API socket), or at `shm:` or `shm:PREFIX` (its shared memory).
 * Rejects with MaglevError: `unavailable`, `deadline-exceeded`, `aborted`.
 */
export function connectTransport(
  address: string,
  options: OpenTransportOptions,
): Promise<Transport> {
  const connect = isSharedMemory(address) ? connectSharedMemory : connectUnixSocket;
  return connect(address, options);
}

/** The reason why connectTransport cannot use `address`; undefined when it can. */
export function badTransportAddress(address: string): string | undefined {
  if (isSharedMemory(address)) return badSharedMemory(address);
  return address.startsWith("/") ? undefined : "need an absolute path, shm: or shm:PREFIX";
}
