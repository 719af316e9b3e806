/** PURE. Short texts for people: durations in at most seven characters, and counts. */

/** `730ms`, `1.43s`, `12.3s`, `2m03s`, `1h02m`, `3d04h`. */
export function shortDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  if (ms < 9995) return `${(ms / 1000).toFixed(2)}s`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`;
  return `${Math.floor(minutes / 1440)}d${two(Math.floor(minutes / 60) % 24)}h`;
}

/** Milliseconds as a number of three digits: `0.42`, `1.43`, `12.3`, `730`. */
export function shortMs(ms: number): string {
  return ms < 9.995 ? ms.toFixed(2) : ms < 99.95 ? ms.toFixed(1) : String(Math.round(ms));
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** `1 VIP`, `2 VIPs`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
