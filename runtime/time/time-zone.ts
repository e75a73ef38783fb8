/** Local days of a time zone on the line of time. */

export const dayMs = 86_400_000

/** Whether there is a time zone of this name. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

export class TimeZone {
  readonly #format: Intl.DateTimeFormat

  /** Throws RangeError where there is no such zone. */
  constructor(name: string) {
    const parts = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' } as const
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone: name, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23', ...parts })
  }

  /** The number of the local day, counted from 1970-01-01. */
  dayOf(timestamp: number): number {
    return Math.floor((timestamp + this.#offsetAt(timestamp)) / dayMs)
  }

  /** The moment at which a local day begins: midnight, of two the first; where the clocks skip midnight, that at which they do. */
  startOf(day: number): number {
    const midnight = day * dayMs
    const [before, after] = [this.#offsetAt(midnight - dayMs), this.#offsetAt(midnight + dayMs)]
    const midnights = [midnight - before, midnight - after].filter((moment) => moment + this.#offsetAt(moment) === midnight)
    return midnights.length > 0 ? Math.min(...midnights) : this.#changeBetween(midnight - after, midnight - before)
  }

  /** What a local clock is ahead of UTC, ms. */
  #offsetAt(timestamp: number): number {
    const seconds = Math.floor(timestamp / 1_000) * 1_000
    const found: Record<string, number> = {}
    for (const { type, value } of this.#format.formatToParts(seconds)) found[type] = Number(value)
    const { year = NaN, month = NaN, day = NaN, hour = NaN, minute = NaN, second = NaN } = found
    return Date.UTC(year, month - 1, day, hour, minute, second) - seconds
  }

  /** The first moment behind `low` with the offset that `high` has. */
  #changeBetween(low: number, high: number): number {
    const after = this.#offsetAt(high)
    let [before, from] = [low, high]
    while (from - before > 1) {
      const middle = Math.floor((before + from) / 2)
      if (this.#offsetAt(middle) === after) from = middle
      else before = middle
    }
    return from
  }
}
