/**
 * Windows from midnight to midnight of a time zone: days are 23 or 25 hours long where the clocks change, and months as long as they are. The rules are those
 * of the runtime's own time zone data.
 */
import type { Placement } from './windows.ts'
import { TimeZone, dayMs } from './time-zone.ts'

export interface CalendarShape {
  /** Days are counted from 1970-01-01, weeks begin on Monday. */
  readonly unit: 'day' | 'week' | 'month'
  /** How many of it a window is long. */
  readonly count: number
  /** IANA name. */
  readonly timeZone: string
}

interface Span {
  readonly start: number
  readonly end: number
}

export class CalendarWindows implements Placement {
  readonly slideMs = 0
  readonly #shape: CalendarShape
  readonly #zone: TimeZone
  /** Most timestamps are in the window of the one before. */
  #last: Span = { start: Infinity, end: -Infinity }
  /** What was looked up before, in order. */
  readonly #known: Span[] = []

  constructor(shape: CalendarShape) {
    this.#shape = shape
    this.#zone = new TimeZone(shape.timeZone)
  }

  newestOf(timestamp: number): number {
    if (timestamp >= this.#last.start && timestamp < this.#last.end) return this.#last.start
    return (this.#last = this.#find(timestamp)).start
  }

  countOpen(_timestamp: number, newestStart: number, latenessMs: number, watermark: number): number {
    return watermark < this.endOf(newestStart) - 1 + latenessMs ? 1 : 0
  }

  endOf(start: number): number {
    return start === this.#last.start ? this.#last.end : this.#find(start).end
  }

  #find(timestamp: number): Span {
    let low = 0
    let high = this.#known.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#known[middle]!.end <= timestamp) low = middle + 1
      else high = middle
    }
    const known = this.#known[low]
    if (known !== undefined && known.start <= timestamp) return known
    const span = this.#compute(timestamp)
    if (this.#known.length >= mostKnown) this.#known.length = 0
    // Windows do not overlap, so the new one stands before the first that ends behind the timestamp.
    this.#known.splice(Math.min(low, this.#known.length), 0, span)
    return span
  }

  #compute(timestamp: number): Span {
    let first = this.#firstDay(this.#zone.dayOf(timestamp))
    // Where clocks are set back over midnight, a day that has begun is over again for a while: windows follow the line of time, not the clock.
    while (this.#zone.startOf(this.#nextDay(first)) <= timestamp) first = this.#nextDay(first)
    return { start: this.#zone.startOf(first), end: this.#zone.startOf(this.#nextDay(first)) }
  }

  /** The first day of the window that a day is in. Days are numbered from 1970-01-01, a Thursday. */
  #firstDay(day: number): number {
    const { unit, count } = this.#shape
    if (unit === 'day') return Math.floor(day / count) * count
    if (unit === 'week') return Math.floor((day + 3) / 7) * 7 - 3
    const date = new Date(day * dayMs)
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) / dayMs
  }

  /** The first day of the next window. */
  #nextDay(first: number): number {
    const { unit, count } = this.#shape
    if (unit === 'day') return first + count
    if (unit === 'week') return first + 7
    const date = new Date(first * dayMs)
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) / dayMs
  }
}

const mostKnown = 4_096
