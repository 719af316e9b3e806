/** Computes the widths of a table's columns so that it fits the terminal. */

export interface ColumnNeed {
  /** Width of its widest cell or its header. */
  readonly natural: number;
  /** Minimum width; `natural` when it must not be narrowed. */
  readonly least: number;
}

/**
 * Widths whose sum is at most `room`; undefined when that is impossible. The widest columns are
 * narrowed first, and equally, so that narrow ones keep their width.
 */
export function shareOut(needs: readonly ColumnNeed[], room: number): number[] | undefined {
  const sumAt = (cap: number) => needs.reduce((sum, need) => sum + widthAt(need, cap), 0);
  let high = Math.max(0, ...needs.map(({ natural }) => natural));
  if (sumAt(high) <= room) return needs.map(({ natural }) => natural);
  if (sumAt(0) > room) return undefined;
  let low = 0;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sumAt(middle) <= room) low = middle;
    else high = middle;
  }
  const widths = needs.map((need) => widthAt(need, low));
  let spare = room - widths.reduce((sum, width) => sum + width, 0);
  for (const [at, { natural }] of needs.entries()) {
    if (spare > 0 && widths[at] === low && natural > low) {
      widths[at]!++;
      spare--;
    }
  }
  return widths;
}

function widthAt({ natural, least }: ColumnNeed, cap: number): number {
  return Math.min(natural, Math.max(least, cap));
}
