/**
 * Event-time timers of a keyed transform, as rows of a table: so they are in the changelog and in snapshots, and come back with the state.
 *
 *     namespace   the timestamp, rounded down to 16 ms
 *     key         timestamp less namespace, uint8 | length of the name, uint16 | name | key
 *     cell 0      the timestamp
 *
 * A timer is set once, however often it is asked for. What stands in memory beside the rows is a heap of the namespaces in use, and which timestamp of the
 * first one comes next: so an advance of the watermark looks at what is due, and at the few timers that share 16 ms with it.
 */
import type { RowId, RowLayout, StateTable } from '../state/store.ts'
import { MinHeap } from './min-heap.ts'

export interface Timer {
  readonly timestamp: number
  readonly name: Buffer
  /** Bytes of the record key. */
  readonly key: Buffer
}

/** The layout of a table of timers. */
export const timerLayout: RowLayout = { kind: 'cells', cells: 1 }

export class Timers {
  readonly #table: StateTable
  /** Namespaces that have rows, or had: one that was emptied is dropped when its time comes. */
  #buckets = new MinHeap([])
  #known = new Set<number>()
  /** The first namespace with rows. */
  #bucket = Infinity
  #next = Infinity
  /** Up to this row of the first namespace there are none of the next timestamp; -1: nobody has looked. */
  #passed: RowId = -1
  #row = Buffer.alloc(256)

  /** `locate` is called before the first use, and after each rollback and restore of the store. */
  constructor(table: StateTable) {
    this.#table = table
  }

  /** No timer is earlier, epoch ms; Infinity: there is none. May be too early when timers were deleted; `due` settles it. */
  get next(): number {
    return this.#next
  }

  /** The latest timer, epoch ms; -Infinity: there is none. Looks at all rows of its namespace. */
  get last(): number {
    const bucket = this.#table.namespaces().at(-1)
    let last = -Infinity
    if (bucket !== undefined) this.#visit(bucket, (timestamp) => (last = Math.max(last, timestamp)))
    return last
  }

  /** False: it was set already. */
  set(timestamp: number, name: Uint8Array, key: Uint8Array, keyStart = 0, keyEnd = key.length): boolean {
    const table = this.#table
    const bucket = bucketOf(timestamp)
    const length = this.#write(timestamp - bucket, name, key, keyStart, keyEnd)
    const row = table.upsert(bucket, this.#row, 0, length)
    if (!table.created) return false
    table.setCell(row, 0, timestamp)
    if (!this.#known.has(bucket)) {
      this.#known.add(bucket)
      this.#buckets.push(bucket)
    }
    if (bucket < this.#bucket || (bucket === this.#bucket && timestamp < this.#next)) {
      this.#bucket = bucket
      this.#next = timestamp
      this.#passed = -1
    }
    return true
  }

  /** False: it was not set. */
  delete(timestamp: number, name: Uint8Array, key: Uint8Array, keyStart = 0, keyEnd = key.length): boolean {
    const bucket = bucketOf(timestamp)
    const length = this.#write(timestamp - bucket, name, key, keyStart, keyEnd)
    const row = this.#table.find(bucket, this.#row, 0, length)
    if (row < 0) return false
    if (row === this.#passed) this.#passed = -1
    this.#table.delete(row)
    return true
  }

  /** The earliest timers up to this watermark, all of one timestamp, at most a batch of them; they stay until they are deleted. Empty: none is due. */
  due(watermark: number): readonly Timer[] {
    while (this.#next <= watermark && this.#next !== Infinity) {
      const found = this.#rowsOfNext()
      if (found.length > 0) return found.map((row) => timerOf(row, this.#next))
      this.#open()
    }
    return []
  }

  /** Looks into the table for what is there. */
  locate(): void {
    const namespaces = this.#table.namespaces()
    this.#buckets = new MinHeap(namespaces)
    this.#known = new Set(namespaces)
    this.#open()
  }

  /** Keys of rows of the next timestamp; none: there are no more. Rows of other timestamps that stand before them are looked at once, not for each batch. */
  #rowsOfNext(): readonly Buffer[] {
    const table = this.#table
    const found: Buffer[] = []
    let last = this.#passed
    for (;;) {
      const visited = table.drain(
        this.#bucket,
        batchRows,
        (row) => {
          last = row
          if (table.getCell(row, 0) === this.#next) found.push(table.keyOf(row))
          else if (found.length === 0) this.#passed = row
        },
        last,
      )
      if (found.length > 0 || visited < batchRows) return found
    }
  }

  /** Finds the first namespace with rows, and its first timestamp. */
  #open(): void {
    this.#passed = -1
    for (let bucket = this.#buckets.first; bucket !== undefined; bucket = this.#buckets.first) {
      let next = Infinity
      this.#visit(bucket, (timestamp) => (next = Math.min(next, timestamp)))
      this.#bucket = bucket
      this.#next = next
      if (next !== Infinity) return
      this.#buckets.shift()
      this.#known.delete(bucket)
    }
    this.#bucket = this.#next = Infinity
  }

  #visit(bucket: number, visit: (timestamp: number) => void): void {
    const table = this.#table
    const rows = table.rowsIn(bucket)
    if (rows > 0) table.drain(bucket, rows, (row) => visit(table.getCell(row, 0)))
  }

  #write(offset: number, name: Uint8Array, key: Uint8Array, keyStart: number, keyEnd: number): number {
    if (name.length > longestName) throw new RangeError(`the name of a timer has at most ${longestName} bytes, not ${name.length}`)
    const length = head + name.length + keyEnd - keyStart
    if (length > this.#row.length) this.#row = Buffer.alloc(length * 2)
    const row = this.#row
    row[0] = offset
    row[1] = name.length >>> 8
    row[2] = name.length & 0xff
    row.set(name, head)
    for (let i = keyStart, at = head + name.length; i < keyEnd; i++, at++) row[at] = key[i]!
    return length
  }
}

/** What a name may have, bytes. */
export const longestName = 65_535

const head = 3
const batchRows = 256
/** Wide enough for few namespaces, narrow enough for few timers beside those that are due. */
const bucketMs = 16

function bucketOf(timestamp: number): number {
  return Math.floor(timestamp / bucketMs) * bucketMs
}

function timerOf(row: Buffer, timestamp: number): Timer {
  const nameEnd = head + row.readUInt16BE(1)
  return { timestamp, name: row.subarray(head, nameEnd), key: row.subarray(nameEnd) }
}
