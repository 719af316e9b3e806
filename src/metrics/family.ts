/** PURE. The description of one family of metrics. */

/** One family. */
export interface Family {
  readonly type: "gauge" | "counter" | "histogram";
  /** One sentence or two, without line breaks. */
  readonly help: string;
  /** Label → what its value is, in the order in which they are written. */
  readonly labels: Readonly<Record<string, string>>;
  /** Upper bounds of a histogram's buckets in ascending order, without +Inf. */
  readonly buckets?: readonly number[];
  /**
   * `scrape`: computed at each scrape, by collect.ts; `event`: counted when it happens, by
   * prom-client (event_metrics.ts).
   */
  readonly kept: "scrape" | "event";
  /** When series are missing; shown on the reference page. */
  readonly absent?: string;
}
