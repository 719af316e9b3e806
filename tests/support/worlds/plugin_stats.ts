/** A stats segment without bytes: the counters of a simulated plugin, as a reader gives them. */
import { type Counters, VIP_COUNTERS } from "../../../src/sim/plugin/counters.ts";
import type { CounterQuery, CountersRead, StatsReader } from "../../../src/vpp/ports.ts";

export class PluginStats implements StatsReader {
  /** Reads that were made. */
  reads = 0;
  /** False results of the next reads, one after the other. */
  readonly instead: CountersRead[] = [];
  /** Called before each read. */
  beforeRead: () => void = () => {};
  readonly #counters: () => Counters;

  constructor(counters: () => Counters) {
    this.#counters = counters;
  }

  prepare(queries: readonly CounterQuery[]): { read(): CountersRead } {
    return {
      read: () => {
        this.beforeRead();
        this.reads++;
        return this.instead.shift() ?? { kind: "ok", values: queries.map((q) => this.#values(q)) };
      },
    };
  }

  #values({ name, kind, indices }: CounterQuery): Float64Array {
    const counters = this.#counters();
    const counter = (VIP_COUNTERS as readonly string[]).indexOf(name);
    return Float64Array.from(
      [...indices].flatMap((index) => {
        const combined = name === "/net/route/via" ? counters.via(index) : counters.route(index);
        const counts = kind === "simple" ? counters.vip(index) : combined;
        if (kind === "simple") return [counts[counter] ?? NaN];
        return [counts[0] ?? NaN, counts[1] ?? NaN];
      }),
    );
  }
}
