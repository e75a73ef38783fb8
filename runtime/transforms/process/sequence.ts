/**
 * A list of byte strings per key, of any length, in chunks of about a kilobyte: to append changes one row, to remove one too. Chunks are linked.
 *
 *     namespace 0, the key             first chunk | last chunk | highest number so far; uint32 each, 0: none
 *     namespace 1, number and key      chunk before | chunk behind | length and bytes of each item
 */
import type { JournaledRows } from './journal.ts'
import type { KeyScope } from './key-scope.ts'

export class Sequence {
  readonly #rows: JournaledRows
  readonly #scope: KeyScope

  constructor(rows: JournaledRows, scope: KeyScope) {
    this.#rows = rows
    this.#scope = scope
  }

  /** Adds an item at the end; gives the number of its chunk, and whether that is a new one. */
  append(item: Uint8Array): { readonly chunk: number; readonly isNew: boolean } {
    const head = this.#head()
    const last = head.last === 0 ? null : this.#chunk(head.last)
    if (last !== null && last.length + item.length <= chunkBytes) {
      this.#putChunk(head.last, Buffer.concat([last, framed(item)]))
      return { chunk: head.last, isNew: false }
    }
    const chunk = head.highest + 1
    if (last !== null) this.#link(head.last, nextAt, chunk)
    const links = Buffer.alloc(itemsAt)
    links.writeUInt32LE(head.last, beforeAt)
    this.#putChunk(chunk, Buffer.concat([links, framed(item)]))
    this.#putHead({ first: head.first || chunk, last: chunk, highest: chunk })
    return { chunk, isNew: true }
  }

  /** All items, chunk by chunk; the sequence may be changed meanwhile. */
  *items(): IterableIterator<Buffer> {
    for (let chunk = this.#head().first; chunk !== 0;) {
      const bytes = this.#chunk(chunk)
      if (bytes === null) return
      chunk = bytes.readUInt32LE(nextAt)
      yield* itemsOf(bytes)
    }
  }

  /** Leaves out those items of a chunk that are not to be kept; gives the others. */
  filter(chunk: number, keep: (item: Buffer) => boolean): readonly Buffer[] {
    const bytes = this.#chunk(chunk)
    if (bytes === null) return []
    const items = itemsOf(bytes)
    const kept = items.filter(keep)
    if (kept.length === 0) this.#unlink(chunk, bytes)
    else if (kept.length < items.length) this.#putChunk(chunk, Buffer.concat([bytes.subarray(0, itemsAt), ...kept.map(framed)]))
    return kept
  }

  clear(): void {
    let chunk = this.#head().first
    if (chunk === 0) return
    while (chunk !== 0) {
      const next = this.#chunk(chunk)!.readUInt32LE(nextAt)
      this.#rows.remove(1, this.#chunkKey(chunk))
      chunk = next
    }
    this.#rows.remove(0, this.#scope.key)
  }

  #unlink(chunk: number, bytes: Buffer): void {
    const [before, next] = [bytes.readUInt32LE(beforeAt), bytes.readUInt32LE(nextAt)]
    this.#rows.remove(1, this.#chunkKey(chunk))
    if (before === 0 && next === 0) return this.#rows.remove(0, this.#scope.key)
    if (before !== 0) this.#link(before, nextAt, next)
    if (next !== 0) this.#link(next, beforeAt, before)
    const head = this.#head()
    if (before === 0 || next === 0) this.#putHead({ ...head, first: before === 0 ? next : head.first, last: next === 0 ? before : head.last })
  }

  #link(chunk: number, at: number, other: number): void {
    const bytes = this.#chunk(chunk)!
    bytes.writeUInt32LE(other, at)
    this.#putChunk(chunk, bytes)
  }

  #head(): Head {
    const bytes = this.#rows.get(0, this.#scope.key)
    if (bytes === null) return { first: 0, last: 0, highest: 0 }
    return { first: bytes.readUInt32LE(0), last: bytes.readUInt32LE(4), highest: bytes.readUInt32LE(8) }
  }

  #putHead({ first, last, highest }: Head): void {
    const bytes = Buffer.alloc(12)
    bytes.writeUInt32LE(first, 0)
    bytes.writeUInt32LE(last, 4)
    bytes.writeUInt32LE(highest, 8)
    this.#rows.put(0, this.#scope.key, bytes)
  }

  /** A copy. */
  #chunk(chunk: number): Buffer | null {
    const bytes = this.#rows.get(1, this.#chunkKey(chunk))
    return bytes === null ? null : Buffer.from(bytes)
  }

  #putChunk(chunk: number, bytes: Buffer): void {
    this.#rows.put(1, this.#chunkKey(chunk), bytes)
  }

  #chunkKey(chunk: number): Buffer {
    const number = Buffer.alloc(4)
    number.writeUInt32BE(chunk)
    return Buffer.concat([number, this.#scope.key])
  }
}

interface Head {
  readonly first: number
  readonly last: number
  readonly highest: number
}

const chunkBytes = 1_024
const beforeAt = 0
const nextAt = 4
const itemsAt = 8

function framed(item: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(item.length)
  return Buffer.concat([length, item])
}

function itemsOf(chunk: Buffer): readonly Buffer[] {
  const items: Buffer[] = []
  for (let at = itemsAt; at < chunk.length;) {
    const start = at + 4
    at = start + chunk.readUInt32LE(at)
    items.push(chunk.subarray(start, at))
  }
  return items
}
