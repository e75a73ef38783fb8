/** Medians, ranges and paired ratios. */

export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
  readonly count: number
}

/** Of at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  return { median, least: sorted[0]!, most: sorted.at(-1)!, count: sorted.length }
}

/** Ranges that overlap tell no difference. */
export const areEqual = (a: Spread, b: Spread): boolean => a.least <= b.most && b.least <= a.most

export interface PairedRatio {
  /** Geometric mean of the ratios of each pair. */
  readonly ratio: number
  /** Interval of 95 % confidence, after Student's t over the logarithms; null of fewer than two pairs. */
  readonly interval: readonly [low: number, high: number] | null
  readonly pairs: number
}

/** How much more `a` is than `b`, where both were measured side by side: a pair at each index. */
export function pairedRatio(a: readonly number[], b: readonly number[]): PairedRatio {
  const pairs = Math.min(a.length, b.length)
  const logs = Array.from({ length: pairs }, (_, i) => Math.log(a[i]! / b[i]!))
  const mean = logs.reduce((sum, log) => sum + log, 0) / pairs
  if (pairs < 2) return { ratio: Math.exp(mean), interval: null, pairs }
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (pairs - 1)
  const reach = studentT(pairs - 1) * Math.sqrt(variance / pairs)
  return { ratio: Math.exp(mean), interval: [Math.exp(mean - reach), Math.exp(mean + reach)], pairs }
}

/** Two-sided 95 % quantile of Student's t distribution. */
function studentT(degreesOfFreedom: number): number {
  return quantiles[Math.min(degreesOfFreedom, quantiles.length) - 1]!
}

const quantiles = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131] as const
