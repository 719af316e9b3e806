/**
 * Connects to each server of the farm once, with Deno.connect and nothing else, from some workers
 * with up to 256 attempts in flight each. Writes the time from the command to the last connection.
 * Arguments: servers, port of the farm, workers. Ends with its standard input.
 */
import { linesOf } from "../lines.ts";

const [count, port, workers] = Deno.args.map(Number) as [number, number, number];
const url = new URL("connect_worker.ts", import.meta.url);

const threads = Array.from({ length: workers }, () => new Worker(url, { type: "module" }));
await Promise.all(threads.map(said));
console.log(JSON.stringify({ event: "ready" }));
for await (const _ of linesOf(Deno.stdin.readable)) {
  const startMs = performance.now();
  threads.forEach((thread, index) => thread.postMessage({ count, port, workers, index }));
  await Promise.all(threads.map(said));
  console.log(JSON.stringify({ event: "connected", ms: performance.now() - startMs }));
}
for (const thread of threads) thread.terminate();

function said(thread: Worker): Promise<void> {
  return new Promise((resolve) => thread.onmessage = () => resolve());
}
