/**
 * The reference for maglevt: a bare loop of Deno.connect, a GET and one read, for as many addresses
 * at the same rate. It measures, judges and shows nothing.
 *
 *   deno run --allow-net tester_reference.ts COUNT PORT INTERVAL_MS
 */
import { farmAddress } from "./farm_address.ts";

const [count = 0, port = 0, intervalMs = 0] = Deno.args.map(Number);
const REQUEST = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

async function probe(hostname: string): Promise<void> {
  const connection = await Deno.connect({ hostname, port });
  await connection.write(REQUEST);
  await connection.read(new Uint8Array(16_384));
  connection.close();
}

for (let at = 0; at < count; at++) {
  const hostname = farmAddress(at);
  setTimeout(
    () => setInterval(() => void probe(hostname), intervalMs),
    Math.random() * intervalMs,
  );
}
