/** Detects growth in a series of samples. */

export interface Trend {
  readonly first: number;
  readonly last: number;
  readonly max: number;
  /** Of the straight line of least squares through the settled samples; null: fewer than three. */
  readonly slopePerMinute: number | null;
}

export interface TrendOptions<T> {
  /** Samples that count for the slope. */
  readonly settled: readonly T[];
  readonly value: (sample: T) => number;
}

/** The trend of at least one sample. */
export function trendOf<T extends { readonly atS: number }>(
  samples: readonly T[],
  { settled, value }: TrendOptions<T>,
): Trend {
  const series = samples.map(value);
  return {
    first: series[0]!,
    last: series.at(-1)!,
    max: Math.max(...series),
    slopePerMinute: settled.length < 3 ? null : slope(settled.map((s) => [s.atS / 60, value(s)])),
  };
}

function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (axis: 0 | 1) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  let [above, below] = [0, 0];
  for (const [x, y] of points) {
    above += (x - meanX) * (y - meanY);
    below += (x - meanX) ** 2;
  }
  return Math.round(1000 * above / below) / 1000;
}
