/** PURE. One alert rule for Prometheus, with the series that its test feeds. */

/** A series, and its value at each minute; the last value lasts. */
export type Series = Readonly<Record<string, readonly number[]>>;

/** One alert. Its expression is `query`, a blank, and `condition`. */
export interface Alert {
  readonly name: string;
  /** PromQL that has data on every maglevd that is well. */
  readonly query: string;
  /** What makes it an alert: a comparison. */
  readonly condition: string;
  /** How long it must hold; a duration of Prometheus. */
  readonly for: string;
  readonly severity: "critical" | "warning";
  /** One line; `{{ $labels.backend }}` is filled in. */
  readonly summary: string;
  /** What an operator should do first. */
  readonly action: string;
  readonly fires: Series;
  readonly silent: Series;
}

/** The minute at which a test looks. */
export const LOOK_MINUTE = 100;

const BY = 'instance="lb1:9091",job="maglevd"';

/** The series of `name` with further labels. */
export function series(name: string, labels = ""): string {
  return `${name}{${labels === "" ? "" : `${labels},`}${BY}}`;
}
