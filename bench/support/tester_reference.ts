/**
 * The reference for maglevt: a bare loop of Deno.connect, a GET and one read, for as many addresses
 * at the same rate. It measures, judges and shows nothing. Each address has its place on a fixed
 * grid, as in maglevt: timers of setInterval drift together, and probes sent in bursts cost a third.
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

function start(hostname: string): void {
  let dueMs = performance.now() + Math.random() * intervalMs;
  const next = () => setTimeout(send, Math.max(0, Math.ceil(dueMs - performance.now())));
  const send = () => {
    dueMs += intervalMs;
    next();
    void probe(hostname);
  };
  next();
}

for (let at = 0; at < count; at++) start(farmAddress(at));
