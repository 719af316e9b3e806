/** The times of the calling thread, as the Linux scheduler counts them. */

/** CPU time used, and time spent runnable without a CPU, both in microseconds since the thread's start. */
export interface ThreadTimes {
  readonly cpuUs: number;
  readonly waitedUs: number;
}

/** Reads the times of the thread that made it; one reading takes some 5 us. */
export class ThreadClock {
  readonly #libc = Deno.dlopen("libc.so.6", {
    clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
    open: { parameters: ["buffer", "i32"], result: "i32" },
    pread: { parameters: ["i32", "buffer", "usize", "isize"], result: "isize" },
  });
  readonly #time = new BigInt64Array(2);
  readonly #text = new Uint8Array(64);
  readonly #decoder = new TextDecoder();
  readonly #file: number;

  constructor() {
    const path = new TextEncoder().encode("/proc/thread-self/schedstat\0");
    this.#file = this.#libc.symbols.open(path, 0);
    if (this.#file < 0) throw new Error("cannot open /proc/thread-self/schedstat");
  }

  now(): ThreadTimes {
    const { clock_gettime, pread } = this.#libc.symbols;
    const length = Number(pread(this.#file, this.#text, BigInt(this.#text.length), 0n));
    const fields = this.#decoder.decode(this.#text.subarray(0, length)).split(" ");
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, this.#time);
    const [s, ns] = this.#time;
    return { cpuUs: Number(s) * 1e6 + Number(ns) / 1000, waitedUs: Number(fields[1]) / 1000 };
  }
}

const CLOCK_THREAD_CPUTIME_ID = 3;
