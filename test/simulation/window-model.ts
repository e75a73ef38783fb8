/** Windows the plain way: every record of every open window in a list, all of them looked at whenever time goes on. */

export interface WindowModelOptions {
  readonly size: number
  readonly slide: number
  readonly lateness: number
}

export interface ModelledWindow<T> {
  readonly key: string
  readonly start: number
  readonly items: readonly T[]
}

export class WindowModel<T> {
  readonly #options: WindowModelOptions
  #open: { readonly key: string; readonly start: number; readonly items: T[] }[] = []
  #watermark = -Infinity

  constructor(options: WindowModelOptions) {
    this.#options = options
  }

  /** Tells whether it is late. */
  put(key: string, at: number, item: T): boolean {
    const alive = startsOf(at, this.#options).filter((start) => !this.#isClosed(start))
    for (const start of alive) this.#put(key, start, item)
    return alive.length === 0
  }

  /** Time goes on to here, or is there already: gives what closes. */
  rise(watermark: number): readonly ModelledWindow<T>[] {
    this.#watermark = Math.max(this.#watermark, watermark)
    const closed = this.#open.filter(({ start }) => this.#isClosed(start)).toSorted((a, b) => a.start - b.start)
    this.#open = this.#open.filter(({ start }) => !this.#isClosed(start))
    return closed
  }

  /** Nothing that comes out from now on has a timestamp up to here. */
  get promised(): number {
    return this.#watermark - this.#options.lateness
  }

  #put(key: string, start: number, item: T): void {
    const window = this.#open.find((one) => one.key === key && one.start === start)
    if (window === undefined) this.#open.push({ key, start, items: [item] })
    else window.items.push(item)
  }

  #isClosed(start: number): boolean {
    const { size, lateness } = this.#options
    return this.#watermark >= start + size - 1 + lateness
  }
}

/** Starts of the windows that a time is in. */
export function startsOf(at: number, { size, slide }: Pick<WindowModelOptions, 'size' | 'slide'>): readonly number[] {
  const starts: number[] = []
  for (let start = Math.floor(at / slide) * slide; start > at - size; start -= slide) starts.push(start)
  return starts
}
