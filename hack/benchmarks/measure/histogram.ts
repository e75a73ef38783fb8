import type { Latency } from './latency.ts'

/** Latencies by the millisecond, told apart by the second in which their record was due. */
export class Histogram {
  /** Second since the epoch -> how many had each latency, ms. */
  readonly #bySecond = new Map<number, Map<number, number>>()
  seen = 0

  /** Both epoch ms. */
  add(due: number, received: number): void {
    this.seen++
    const second = Math.floor(due / 1_000)
    let counts = this.#bySecond.get(second)
    if (counts === undefined) this.#bySecond.set(second, (counts = new Map()))
    const latency = Math.max(0, received - due)
    counts.set(latency, (counts.get(latency) ?? 0) + 1)
  }

  /** Of the records due from one time until another, both at the turn of a second, epoch ms. */
  between(from: number, to: number): Latency {
    const counts = new Map<number, number>()
    for (const [second, ofSecond] of this.#bySecond) {
      if (second * 1_000 < from || second * 1_000 >= to) continue
      for (const [latency, count] of ofSecond) counts.set(latency, (counts.get(latency) ?? 0) + count)
    }
    const sorted = [...counts].toSorted(([a], [b]) => a - b)
    const results = sorted.reduce((sum, [, count]) => sum + count, 0)
    const quantile = (part: number): number => {
      let left = Math.ceil(part * results)
      for (const [latency, count] of sorted) if ((left -= count) <= 0) return latency
      return NaN
    }
    return { p50: quantile(0.5), p99: quantile(0.99), p999: quantile(0.999), max: sorted.at(-1)?.[0] ?? NaN, results }
  }
}
