/** Begins to listen at an address as flags have it. */
import { formatListenAddress, type ListenAddress } from "../base/listen_address.ts";

export type ListenResult =
  | {
    readonly kind: "ok";
    readonly listener: Deno.Listener;
    /** Where it listens, with the port the system chose for port 0. */
    readonly address: ListenAddress;
  }
  /** One sentence. */
  | { readonly kind: "error"; readonly message: string };

/** Owner and group may connect to a unix socket. */
const SOCKET_MODE = 0o660;

/**
 * Listens at `address`. An empty host is all addresses of both families, of IPv4 alone where the
 * machine has no IPv6. A unix socket that nobody listens on any more is replaced.
 */
export async function listenAt(address: ListenAddress): Promise<ListenResult> {
  try {
    const listener = address.kind === "unix"
      ? await listenUnix(address.path)
      : listenTcp(address.host, address.port);
    return { kind: "ok", listener, address: boundAddress(address, listener) };
  } catch (error) {
    if (!(error instanceof Error) || error instanceof Deno.errors.NotCapable) throw error;
    return { kind: "error", message: problem(address, error) };
  }
}

function listenTcp(host: string, port: number): Deno.Listener {
  if (host !== "") return Deno.listen({ hostname: host, port });
  try {
    return Deno.listen({ hostname: "::", port });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) throw error;
    return Deno.listen({ hostname: "0.0.0.0", port });
  }
}

async function listenUnix(path: string): Promise<Deno.Listener> {
  if (await isLeftOver(path)) await Deno.remove(path);
  const listener = Deno.listen({ transport: "unix", path });
  try {
    await Deno.chmod(path, SOCKET_MODE);
  } catch (error) {
    listener.close();
    throw error;
  }
  return listener;
}

/** True for a socket that refuses connections: whoever made it is gone. */
async function isLeftOver(path: string): Promise<boolean> {
  try {
    if (!(await Deno.lstat(path)).isSocket) return false;
    (await Deno.connect({ transport: "unix", path })).close();
    return false;
  } catch (error) {
    return error instanceof Deno.errors.ConnectionRefused;
  }
}

function boundAddress(address: ListenAddress, listener: Deno.Listener): ListenAddress {
  if (address.kind === "unix" || listener.addr.transport === "unix") return address;
  return { ...address, port: (listener.addr as Deno.NetAddr).port };
}

function problem(address: ListenAddress, error: Error): string {
  const where = formatListenAddress(address);
  if (error instanceof Deno.errors.AddrInUse) {
    return address.kind === "unix"
      ? `${where} is there already, and is no socket that was left over`
      : `port ${address.port} is in use (${where})`;
  }
  return `cannot listen on ${where}: ${error.message}`;
}
