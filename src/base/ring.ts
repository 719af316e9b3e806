/**
 * The newest-N history as an immutable value: appending gives a new array that shares nothing
 * mutable with the old one, so that snapshots stay what they were.
 */

/** `items` followed by `item`, cut to the newest `capacity` (at least 1). Oldest first. */
export function appendNewest<T>(items: readonly T[], item: T, capacity: number): readonly T[] {
  const from = Math.max(0, items.length + 1 - Math.max(1, capacity));
  return [...items.slice(from), item];
}
