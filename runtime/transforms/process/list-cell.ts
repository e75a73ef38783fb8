import type { ListState } from '../../plan/nodes/process.ts'
import { CellValues } from './cell.ts'
import type { Cell, CellParts } from './cell.ts'
import { Sequence } from './sequence.ts'

/** A list per key, each item with a life of its own. */
export class ListCell implements ListState<unknown>, Cell {
  readonly #values: CellValues
  readonly #items: Sequence

  constructor(parts: CellParts) {
    this.#values = new CellValues(parts)
    this.#items = new Sequence(parts.rows, parts.scope)
  }

  get(): unknown[] {
    const values: unknown[] = []
    for (const item of this.#items.items()) if (this.#values.isLive(item)) values.push(this.#values.decode(item))
    return values
  }

  add(...items: readonly unknown[]): void {
    this.#append(items.map((item) => this.#values.encode(item)))
  }

  set(items: readonly unknown[]): void {
    const encoded = items.map((item) => this.#values.encode(item))
    this.clear()
    this.#append(encoded)
  }

  clear(): void {
    this.#items.clear()
  }

  sweep(detail: Buffer): void {
    const left = this.#items.filter(detail.readUInt32BE(), (item) => this.#values.isLive(item))
    if (left.length > 0) this.#values.expireAt(detail, Math.min(...left.map((item) => this.#values.expires(item))))
  }

  #append(items: readonly Buffer[]): void {
    for (const item of items) {
      const { chunk, isNew } = this.#items.append(item)
      if (!isNew) continue
      const detail = Buffer.alloc(4)
      detail.writeUInt32BE(chunk)
      this.#values.expire(detail)
    }
  }
}
