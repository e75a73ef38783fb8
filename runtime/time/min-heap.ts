/** Numbers of which the smallest comes first (a binary heap). */
export class MinHeap {
  readonly #values: number[]

  /** `ascending` is in order already, which is a heap. */
  constructor(ascending: readonly number[]) {
    this.#values = [...ascending]
  }

  /** The smallest; undefined: there is none. */
  get first(): number | undefined {
    return this.#values[0]
  }

  push(value: number): void {
    const values = this.#values
    let at = values.length
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (values[parent]! <= value) break
      values[at] = values[parent]!
      at = parent
    }
    values[at] = value
  }

  /** Takes the smallest out. */
  shift(): number | undefined {
    const values = this.#values
    const first = values[0]
    const moved = values.pop()
    if (values.length === 0 || moved === undefined) return first
    let at = 0
    for (let child = 1; child < values.length; child = 2 * at + 1) {
      if (child + 1 < values.length && values[child + 1]! < values[child]!) child++
      if (values[child]! >= moved) break
      values[at] = values[child]!
      at = child
    }
    values[at] = moved
    return first
  }
}
