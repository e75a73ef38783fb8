import type { ValueState } from '../../plan/nodes/process.ts'
import { CellValues } from './cell.ts'
import type { Cell, CellParts } from './cell.ts'

/** One value per key: a row under the key. */
export class ValueCell implements ValueState<unknown, unknown>, Cell {
  readonly #parts: CellParts
  readonly #values: CellValues

  constructor(parts: CellParts) {
    this.#parts = parts
    this.#values = new CellValues(parts)
  }

  get(): unknown {
    const { rows, scope } = this.#parts
    const bytes = rows.get(0, scope.key)
    return bytes !== null && this.#values.isLive(bytes) ? this.#values.decode(bytes) : this.#values.absent()
  }

  set(value: unknown): void {
    const { rows, scope } = this.#parts
    const isNew = rows.get(0, scope.key) === null
    rows.put(0, scope.key, this.#values.encode(value))
    if (isNew) this.#values.expire(whole)
  }

  update(change: (value: unknown) => unknown): void {
    this.set(change(this.get()))
  }

  clear(): void {
    const { rows, scope } = this.#parts
    if (rows.get(0, scope.key) !== null) rows.remove(0, scope.key)
  }

  sweep(): void {
    const { rows, scope } = this.#parts
    const bytes = rows.get(0, scope.key)
    if (bytes === null) return
    if (this.#values.isLive(bytes)) this.#values.expireAt(whole, this.#values.expires(bytes))
    else rows.remove(0, scope.key)
  }
}

const whole = Buffer.alloc(0)
