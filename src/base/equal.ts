/** PURE. Equality of plain data. */

/** True when both are the same values, arrays or plain objects of such, whatever the order of keys. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), b as Readonly<Record<string, unknown>>];
  return left.length === Object.keys(b).length &&
    left.every(([key, value]) => Object.hasOwn(right, key) && isEqual(value, right[key]));
}
