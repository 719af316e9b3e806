/**
 * A heap of the size of a daemon of 10,000 servers, with nothing else to do: ten thousand groups of
 * small objects, of which a tenth is replaced at random, a few between two ticks of a timer of 1 ms.
 * V8 collects when it has to. Writes the longest CPU time between two ticks, as reloaded_daemon.ts
 * measures it, for each line on its standard input; and how long `new Worker` holds a thread up.
 * Ends with its standard input. Argument: size of the heap in MB.
 */
import { mulberry32 } from "../../../tests/support/fakes/mulberry32.ts";
import { linesOf } from "../lines.ts";
import { ThreadClock } from "../thread_times.ts";

const GROUPS = 10_000;
/** A group of 17 objects takes so many bytes. */
const GROUP_BYTES = 1900;
const AT_ONCE = 20;

const megabytes = Number(Deno.args[0]);
const random = mulberry32(1);
const copies = Math.max(1, Math.round((megabytes * 1e6) / (GROUPS * GROUP_BYTES)));

function group(i: number): object[] {
  return Array.from({ length: 16 }, (_, k) => ({ name: `b${i}`, at: i * 1.5, k, next: undefined }));
}

const heap = Array.from({ length: GROUPS * copies }, (_, i) => group(i));
(globalThis as { gc?: () => void }).gc?.();
const thread = new ThreadClock();
const cpuMs = () => thread.now().cpuUs / 1000;
let [busyMs, lastMs] = [0, cpuMs()];
setInterval(() => {
  const nowMs = cpuMs();
  busyMs = Math.max(busyMs, nowMs - lastMs);
  lastMs = nowMs;
  for (let i = 0; i < AT_ONCE; i++) {
    const at = Math.floor(random() * heap.length);
    heap[at] = group(at);
  }
}, 1);
const { heapUsed } = Deno.memoryUsage();
console.log(JSON.stringify({ event: "ready", heapMB: Math.round(heapUsed / 1e6) }));
for await (const _ of linesOf(Deno.stdin.readable)) {
  const url = URL.createObjectURL(new Blob(["0"], { type: "text/javascript" }));
  const startMs = performance.now();
  const worker = new Worker(url, { type: "module" });
  const workerMs = performance.now() - startMs;
  worker.terminate();
  console.log(JSON.stringify({ event: "collected", busyMs, workerMs }));
  busyMs = 0;
}
Deno.exit();
