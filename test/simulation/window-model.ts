/** Windows of one task the plain way: every record of every open window in a list, all of them looked at after each record. */

export interface WindowModelOptions {
  readonly size: number
  readonly slide: number
  readonly lateness: number
  /** Of the disorder. */
  readonly bound: number
}

export interface ClosedWindow {
  readonly key: string
  readonly start: number
  readonly numbers: readonly number[]
  readonly ats: readonly number[]
}

export class WindowModel {
  readonly #options: WindowModelOptions
  #open: { readonly key: string; readonly start: number; readonly numbers: number[]; readonly ats: number[] }[] = []
  #watermark = -Infinity

  constructor(options: WindowModelOptions) {
    this.#options = options
  }

  /** One record; `kept`: no filter drops it. It moves the time in any case. */
  advance(key: string, at: number, n: number, kept: boolean): { readonly late: boolean; readonly closed: readonly ClosedWindow[] } {
    const { size, slide, bound } = this.#options
    let late = false
    if (kept) {
      const starts: number[] = []
      for (let start = Math.floor(at / slide) * slide; start > at - size; start -= slide) starts.push(start)
      const alive = starts.filter((start) => !this.#isClosed(start))
      late = alive.length === 0
      for (const start of alive) this.#put(key, start, n, at)
    }
    this.#watermark = Math.max(this.#watermark, at - bound - 1)
    const closed = this.#open.filter(({ start }) => this.#isClosed(start)).toSorted((a, b) => a.start - b.start)
    this.#open = this.#open.filter(({ start }) => !this.#isClosed(start))
    return { late, closed }
  }

  #put(key: string, start: number, n: number, at: number): void {
    const window = this.#open.find((one) => one.key === key && one.start === start)
    if (window === undefined) this.#open.push({ key, start, numbers: [n], ats: [at] })
    else {
      window.numbers.push(n)
      window.ats.push(at)
    }
  }

  #isClosed(start: number): boolean {
    const { size, lateness } = this.#options
    return this.#watermark >= start + size - 1 + lateness
  }
}
