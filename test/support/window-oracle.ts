/**
 * What windowed counts and sums must come out as, computed the plain way: no state store, no slices, every window of every key in one map, all of it
 * looked at after each record. Shares nothing with the runtime.
 */

export interface OracleRecord {
  readonly key: string
  readonly timestamp: number
  readonly amount: number | null
}

export interface OracleWindow {
  readonly size: number
  readonly slide: number
  readonly offset: number
  readonly lateness: number
}

export interface OracleResult {
  readonly key: string
  readonly windowStart: number
  readonly windowEnd: number
  readonly n: number
  readonly total: number | null
  readonly low: number | null
  readonly high: number | null
  readonly mean: number | null
}

export interface OracleOutput {
  /** In the order of the windows' ends; of one window in no order that means anything. */
  readonly results: readonly OracleResult[]
  /** Which records were late, by index, and the start of the newest window each would have been in. */
  readonly late: readonly { readonly index: number; readonly windowStart: number }[]
}

/** `flush`: the input has ended, every window closes. */
export function windowOracle(records: readonly OracleRecord[], window: OracleWindow, bound: number, flush: boolean): OracleOutput {
  const open = new Map<number, Map<string, (number | null)[]>>()
  const results: OracleResult[] = []
  const late: { index: number; windowStart: number }[] = []
  let watermark = -Infinity
  const closed = (start: number): boolean => watermark >= start + window.size - 1 + window.lateness
  const closeDue = (): void => {
    for (const start of [...open.keys()].toSorted((a, b) => a - b)) {
      if (!closed(start)) continue
      for (const [key, amounts] of open.get(start)!) results.push(resultOf(key, start, start + window.size, amounts))
      open.delete(start)
    }
  }
  for (const [index, { key, timestamp, amount }] of records.entries()) {
    const starts = startsOf(timestamp, window)
    const alive = starts.filter((start) => !closed(start))
    if (alive.length === 0) late.push({ index, windowStart: Math.max(...starts) })
    for (const start of alive) {
      const keys = open.get(start) ?? new Map<string, (number | null)[]>()
      open.set(start, keys.set(key, [...(keys.get(key) ?? []), amount]))
    }
    watermark = Math.max(watermark, timestamp - bound - 1)
    closeDue()
  }
  if (flush) watermark = Infinity
  closeDue()
  return { results, late }
}

function resultOf(key: string, windowStart: number, windowEnd: number, amounts: readonly (number | null)[]): OracleResult {
  const values = amounts.filter((amount) => amount !== null)
  const some = values.length > 0
  const total = values.reduce((sum, value) => sum + value, 0)
  return {
    key,
    windowStart,
    windowEnd,
    n: amounts.length,
    total: some ? total : null,
    low: some ? Math.min(...values) : null,
    high: some ? Math.max(...values) : null,
    mean: some ? total / values.length : null,
  }
}

function startsOf(timestamp: number, { size, slide, offset }: OracleWindow): readonly number[] {
  const starts: number[] = []
  const first = offset - Math.ceil((offset + size) / slide) * slide
  for (let start = first; start <= timestamp; start += slide) if (start + size > timestamp) starts.push(start)
  return starts
}
