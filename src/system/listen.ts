/** Listens at an address from a flag. */
import { formatListenAddress, type ListenAddress } from "../base/listen_address.ts";
import { isStaleSocket, SOCKET_IN_USE, UNIX_SOCKET_MODE } from "./unix_listener.ts";
import {
  type AllAddresses,
  type Bind,
  bindAllAddresses,
  type Bound,
  isInUse,
} from "./all_addresses.ts";
import type { ServerListener } from "./server_socket.ts";
import { bindTls, type TlsIdentity } from "./tls/listener.ts";

export type ListenResult =
  | {
    readonly kind: "ok";
    /** More than one where a socket takes one family only. */
    readonly listeners: readonly ServerListener[];
    /** Where they listen, with the port the system chose for port 0. */
    readonly addresses: readonly ListenAddress[];
  }
  /** One sentence. */
  | { readonly kind: "error"; readonly message: string };

export interface ListenOptions {
  /** Clients use TLS. Default: none. It has no effect on a unix socket. */
  readonly tls?: TlsIdentity | undefined;
}

/**
 * Listens at `address`. An empty host means all addresses of both families, or of IPv4 alone where
 * the host has no IPv6. A stale unix socket is replaced.
 */
export async function listenAt(
  address: ListenAddress,
  { tls }: ListenOptions = {},
): Promise<ListenResult> {
  try {
    if (address.kind === "unix") {
      return { kind: "ok", listeners: [await listenUnix(address.path)], addresses: [address] };
    }
    const { host, port } = address;
    const bind: Bind<BoundListener> = tls === undefined
      ? bindTcp
      : (host, port) => bindTls({ host, port, identity: tls });
    const { sockets, hosts, port: bound } = host === ""
      ? await bindAllAddresses(port, bind)
      : await bindOne(bind, { host, port });
    return {
      kind: "ok",
      listeners: sockets.map(({ listener }) => listener),
      addresses: hosts.map((one) => ({ kind: "tcp", host: one, port: bound })),
    };
  } catch (error) {
    if (!(error instanceof Error) || error instanceof Deno.errors.NotCapable) throw error;
    return { kind: "error", message: problem(address, error) };
  }
}

interface BoundListener extends Bound {
  readonly listener: ServerListener;
}

async function bindOne(
  bind: Bind<BoundListener>,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<AllAddresses<BoundListener>> {
  const bound = await bind(host, port);
  return { sockets: [bound], hosts: [host], port: bound.port };
}

// deno-lint-ignore require-await -- What Deno.listen throws is to be a rejection.
async function bindTcp(hostname: string, port: number): Promise<BoundListener> {
  const listener = Deno.listen({ hostname, port });
  return { listener, port: listener.addr.port, close: () => listener.close() };
}

async function listenUnix(path: string): Promise<Deno.Listener> {
  if (await isStaleSocket(path)) await Deno.remove(path);
  const listener = Deno.listen({ transport: "unix", path });
  try {
    await Deno.chmod(path, UNIX_SOCKET_MODE);
  } catch (error) {
    listener.close();
    throw error;
  }
  return listener;
}

function problem(address: ListenAddress, error: Error): string {
  const where = formatListenAddress(address);
  if (isInUse(error)) {
    return address.kind === "unix"
      ? `cannot listen on ${where}: ${SOCKET_IN_USE}`
      : `port ${address.port} is in use (${where})`;
  }
  return `cannot listen on ${where}: ${error.message}`;
}
