/** UDP servers on loopback, and the simplest answers of DNS. */
import { createSocket } from "node:dgram";

/** A server that is running. */
export interface UdpServer {
  readonly port: number;
  /** Addresses from which datagrams came, in order. */
  readonly clients: readonly string[];
  close(): Promise<void>;
}

/** Gets a datagram, and sends any number of answers. */
export type UdpHandler = (request: Uint8Array, send: (bytes: Uint8Array) => void) => void;

/** Serves until it is closed. */
export async function udpServer(
  hostname: string,
  handle: UdpHandler,
  port = 0,
): Promise<UdpServer> {
  const socket = createSocket(hostname.includes(":") ? "udp6" : "udp4");
  const clients: string[] = [];
  let open = true;
  socket.on("message", (request, from) => {
    clients.push(from.address);
    // Late answers come after the end of a test.
    handle(request, (bytes) => open && socket.send(bytes, from.port, from.address));
  });
  // An answer may be on its way while the socket is being closed.
  socket.on("error", () => {});
  await new Promise<void>((resolve) => socket.bind(port, hostname, resolve));
  return {
    port: socket.address().port,
    clients,
    close() {
      open = false;
      return new Promise((resolve) => socket.close(() => resolve()));
    },
  };
}

/** A port on which nothing listens. */
export async function closedUdpPort(hostname = "127.0.0.1"): Promise<number> {
  const server = await udpServer(hostname, () => {});
  await server.close();
  return server.port;
}

/** Flags of a message in DNS (RFC 1035, 4.1.1), in its third byte. */
export const [QR, TC] = [0x80, 0x02];

/** The answer without records to a question; `rcode` and more flags if given. */
export function dnsAnswer(
  question: Uint8Array,
  { rcode = 0, flags = 0 }: { readonly rcode?: number; readonly flags?: number } = {},
): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(question);
  bytes[2] = bytes[2]! | QR | flags;
  bytes[3] = rcode;
  return bytes;
}

/** The same with records of type A for the name of the question. */
export function dnsAddress(
  question: Uint8Array,
  ...addresses: readonly (readonly number[])[]
): Uint8Array {
  const records = addresses.flatMap((address) => [
    ...[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, address.length],
    ...address,
  ]);
  const answer = Uint8Array.of(...dnsAnswer(question), ...records);
  answer[7] = addresses.length;
  return answer;
}

/** A message with its length before it, as over TCP (RFC 7766). */
export function overStream(message: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(message.length >> 8, message.length & 255, ...message);
}
