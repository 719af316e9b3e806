/** Numbers for people. */

/** `33.3 %`; almost none and almost all are marked as such. */
export function percent(share: number): string {
  if (!Number.isFinite(share)) return "-";
  if (share > 0 && share < 0.0005) return "<0.1 %";
  if (share < 1 && share >= 0.9995) return ">99.9 %";
  return `${(share * 100).toFixed(1)} %`;
}

/** Digits in groups of three: `1,234,567`. */
export function grouped(value: bigint | number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A share in a table; without a terminal in one word, `33.3%`. */
export function percentCell(share: number): { readonly text: string; readonly plain: string } {
  const text = percent(share);
  return { text, plain: text.replace(" ", "") };
}

/** A number in a table; without a terminal without separators. */
export function countCell(
  value: bigint | number,
): { readonly text: string; readonly plain: string } {
  return { text: grouped(value), plain: String(value) };
}

/** `12.3 k`, `1.20 M`, `950`: three significant digits. Not negative. */
export function scaled(value: number): string {
  const units = ["", " k", " M", " G", " T", " P", " E"];
  let rest = value;
  let unit = 0;
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit++;
  }
  const digits = rest >= 99.95 || (unit === 0 && Number.isInteger(rest))
    ? 0
    : rest >= 9.995
    ? 1
    : 2;
  return rest.toFixed(digits) + units[unit]!;
}

/** `1 backend`, `2 backends`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
