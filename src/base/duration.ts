/**
 * Durations as Go writes them (`250ms`, `2s`, `1m30s`, `1.5h`), held as milliseconds. The finest
 * step is the nanosecond, as in Go; sums are rounded to it, so that `4.35s` is 4350 and not a
 * little more.
 */

const UNIT_NS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  "µs": 1e3,
  "μs": 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Go's greatest duration, about 292 years: longer ones are refused there, so here too. */
const MAX_NS = 2 ** 63;

/**
 * Parses a duration into milliseconds, negative ones included; undefined when `text` is not a
 * duration.
 */
export function parseDuration(text: string): number | undefined {
  const sign = text.startsWith("-") ? -1 : 1;
  const body = text.replace(/^[+-]/, "");
  if (body === "0") return 0;
  const part = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;
  let total = 0;
  let at = 0;
  while (at < body.length) {
    part.lastIndex = at;
    const match = part.exec(body);
    if (match === null) return undefined;
    total += Number(match[1]) * UNIT_NS[match[2]!]!;
    at = part.lastIndex;
  }
  if (at === 0 || total >= MAX_NS) return undefined;
  // Adding 0 turns -0 into 0.
  return sign * (Math.round(total) / 1e6) + 0;
}

/** The shortest exact text of `ms` in the same notation: `1m30s`, `250ms`, `1.5ms`, `0s`. */
export function formatDuration(ms: number): string {
  if (ms < 0) {
    const text = formatDuration(-ms);
    return text === "0s" ? text : `-${text}`;
  }
  // Whole milliseconds and the rest apart: together they may be more than a double holds.
  let whole = Math.floor(ms);
  let restNs = Math.round((ms - whole) * 1e6);
  if (restNs === 1e6) {
    whole++;
    restNs = 0;
  }
  if (whole < 1000) return formatShort(whole * 1e6 + restNs);
  const hours = Math.floor(whole / 3_600_000);
  const minutes = Math.floor((whole % 3_600_000) / 60_000);
  const secondsNs = (whole % 60_000) * 1e6 + restNs;
  return (hours > 0 ? `${hours}h` : "") + (minutes > 0 ? `${minutes}m` : "") +
    (secondsNs > 0 ? `${decimal(secondsNs, 9)}s` : "");
}

/** A duration of less than a second in its greatest fitting unit. */
function formatShort(ns: number): string {
  if (ns === 0) return "0s";
  if (ns >= 1e6) return `${decimal(ns, 6)}ms`;
  return ns >= 1e3 ? `${decimal(ns, 3)}us` : `${ns}ns`;
}

/** The integer `value` divided by ten to the `digits`, exactly, without zeros at the end. */
function decimal(value: number, digits: number): string {
  const unit = 10 ** digits;
  const fraction = String(value % unit).padStart(digits, "0").replace(/0+$/, "");
  const integer = Math.floor(value / unit);
  return fraction === "" ? String(integer) : `${integer}.${fraction}`;
}
