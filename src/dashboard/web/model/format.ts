/** PURE. Numbers, ages, instants and untrusted text as the page shows them. */

const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
];

/** A duration in at most two neighbouring units: `3m 12s`, `2h`, `0s`. Below zero is `0s`. */
export function formatAge(ms: number): string {
  const at = UNITS.findIndex(([, unit]) => ms >= unit);
  if (at < 0) return "0s";
  const [name, unit] = UNITS[at]!;
  const whole = Math.floor(ms / unit);
  const next = UNITS[at + 1];
  if (next === undefined) return `${whole}${name}`;
  const rest = Math.floor((ms % unit) / next[1]);
  return rest === 0 ? `${whole}${name}` : `${whole}${name} ${rest}${next[0]}`;
}

/** A short duration: `0.4 ms`, `12 ms`, `1.25 s`. */
export function formatLatency(ms: number): string {
  if (ms < 1) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${Number((ms / 1000).toFixed(2))} s`;
}

/** A rate with three digits at most: `0`, `7.5`, `120`, `3.4 k`, `12.3 M`. */
export function formatRate(perSecond: number): string {
  const steps = [[1e9, " G"], [1e6, " M"], [1e3, " k"]] as const;
  for (const [size, suffix] of steps) {
    // Rounded first: 999,950 is 1 M and not 1000 k.
    if (perSecond >= size * 0.9995) return `${short(perSecond / size)}${suffix}`;
  }
  return short(perSecond);
}

/** Packets per second: `7.5 pps`, `3.4 kpps`. */
export function formatPackets(perSecond: number): string {
  const text = formatRate(perSecond);
  return `${text}${text.includes(" ") ? "" : " "}pps`;
}

function short(value: number): string {
  return value >= 99.95 ? String(Math.round(value)) : String(Number(value.toFixed(1)));
}

/** A whole number with thin spaces between groups of three digits: `12 345`. */
export function formatCount(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** A share from 0 to 1: `12.5 %`, `<0.1 %`. */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 0.05) return "<0.1 %";
  return `${Number(percent.toFixed(1))} %`;
}

/** `1 server`, `2 servers`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

const pad = (value: number, length = 2) => String(value).padStart(length, "0");

/** `2026-11-28 21:20:31` in the browser's time zone. */
export function localInstant(ms: number): string {
  const at = new Date(ms);
  if (Number.isNaN(at.getTime())) return "unknown";
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${localTime(ms)}`;
}

/** `21:20:31` in the browser's time zone. */
export function localTime(ms: number): string {
  const at = new Date(ms);
  return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
}

/** `2026-11-28T21:20:31Z`. */
export function utcInstant(ms: number): string {
  const at = new Date(ms);
  return Number.isNaN(at.getTime()) ? "unknown" : `${at.toISOString().slice(0, 19)}Z`;
}

/** Both forms of an instant, for tooltips. */
export function bothInstants(ms: number): string {
  return `${localInstant(ms)} local, ${utcInstant(ms)}`;
}

/** Controls, and characters that hide or turn the order of writing around. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Untrusted text with each such character written as its number: `\u{202e}`. */
export function visible(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

/** `192.0.2.1:80`, `[2001:db8::1]:80`; without a port for 0. */
export function addressPort(address: string, port: number): string {
  if (port === 0) return address;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
