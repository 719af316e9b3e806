/**
 * Resource use of the process, from the runtime; the number of descriptors comes from the shim.
 * prom-client would read /proc, which Deno 2.9.6 permits only with all permissions
 * (`--allow-read=/proc` is not enough), and would then report zeros.
 */
import process from "node:process";
import { openShim } from "../../ffi/open.ts";

/** Figures of this process. */
export interface ProcessFigures {
  readonly userCpuS: number;
  readonly systemCpuS: number;
  /** Unix time in seconds. */
  readonly startS: number;
  readonly residentBytes: number;
  /** Undefined without the shim. */
  readonly openDescriptors: number | undefined;
  /** The soft limit. */
  readonly maxDescriptors: number | undefined;
}

/** Reads the figures at each call. */
export class ProcessReader {
  readonly #shim = openShim(["maglev_nofile_count", "maglev_nofile_raise"]);
  /** Counting descriptors happens in another thread: the shim must not be closed meanwhile. */
  #counting: Promise<unknown> = Promise.resolve();

  async read(): Promise<ProcessFigures> {
    const { user, system } = process.cpuUsage();
    return {
      userCpuS: user / 1e6,
      systemCpuS: system / 1e6,
      startS: performance.timeOrigin / 1000,
      residentBytes: Deno.memoryUsage().rss,
      openDescriptors: await this.#count(),
      maxDescriptors: this.#limit(),
    };
  }

  /** Nothing may be read afterwards. */
  async close(): Promise<void> {
    await this.#counting;
    if (this.#shim.kind === "ok") this.#shim.shim.close();
  }

  async #count(): Promise<number | undefined> {
    if (this.#shim.kind !== "ok") return undefined;
    const counting = this.#shim.shim.calls.maglev_nofile_count();
    this.#counting = counting;
    const count = await counting;
    return count < 0 ? undefined : count;
  }

  #limit(): number | undefined {
    if (this.#shim.kind !== "ok") return undefined;
    const limits = new Float64Array(2);
    const result = this.#shim.shim.calls.maglev_nofile_raise(0, limits, limits.byteLength);
    return result === 0 ? limits[0] : undefined;
  }
}
