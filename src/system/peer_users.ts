/**
 * Names users at the other ends of unix sockets, from what the kernel noted when they connected
 * (SO_PEERCRED). Deno has no call for it; the shim has one, and node:net has the descriptor.
 */
import type net from "node:net";
import { openShim, type ShimResult } from "../../ffi/open.ts";

/** Longest name that is used; useradd allows 32. */
const MAX_NAME_BYTES = 64;

/** The functions of the shim that this needs. */
const NAMES = ["maglev_peer_user", "maglev_user_name"] as const;

/** Names users of connections. */
export interface PeerUsers {
  /** `alice`, or `uid 1001` for a user without a name; undefined: unknown. */
  of(socket: net.Socket): string | undefined;
  /** Closes the shim. Idempotent. */
  close(): void;
}

/** Opens the shim; without one every user is unknown. */
export function openPeerUsers(
  open: () => ShimResult<typeof NAMES[number]> = () => openShim(NAMES),
): PeerUsers {
  const result = open();
  if (result.kind === "error") return { of: () => undefined, close: () => {} };
  const { shim } = result;
  return {
    of(socket) {
      const about = new Uint32Array(2);
      const fd = descriptorOf(socket);
      if (fd === undefined) return undefined;
      if (shim.calls.maglev_peer_user(fd, about, about.byteLength) !== 0) return undefined;
      const [uid] = about;
      const name = new Uint8Array(MAX_NAME_BYTES);
      const length = shim.calls.maglev_user_name(uid!, name, name.byteLength);
      return length > 0 ? new TextDecoder().decode(name.subarray(0, length)) : `uid ${uid}`;
    },
    close: () => shim.close(),
  };
}

/** Node's handle of a connection has the descriptor; it is not in the types. */
function descriptorOf(socket: net.Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, "_handle");
  if (typeof handle !== "object" || handle === null) return undefined;
  const fd: unknown = Reflect.get(handle, "fd");
  return typeof fd === "number" && fd >= 0 ? fd : undefined;
}
