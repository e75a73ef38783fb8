/** The record in work, as author's functions see it: one object per stage, moved from record to record. */
import type { RecordBlock, RecordHeader } from '../kafka/records.ts'
import type { RecordContext } from '../plan/nodes.ts'

/** Reads the headers of a record of a block. */
export type ReadHeaders = (block: RecordBlock, index: number) => readonly RecordHeader[]

/**
 * Topic, partition, offset and headers are those of the source record in work; key and timestamp those of the value in hand, which behind a window
 * is a result of it.
 */
export class CurrentRecord implements RecordContext {
  /** Null until the first block after the start or a restore. */
  block: RecordBlock | null = null
  /** Of the source record in its block; -1 without one. */
  index = -1
  /** Epoch ms. */
  timestamp = -Infinity
  /** Null: the record has no key. */
  keyBytes: Uint8Array | null = null
  keyStart = 0
  keyEnd = 0
  readonly #topic: string
  readonly #readHeaders: ReadHeaders

  constructor(topic: string, readHeaders: ReadHeaders) {
    this.#topic = topic
    this.#readHeaders = readHeaders
  }

  /** Moves on to a record of the source. */
  moveTo(block: RecordBlock, index: number): void {
    this.block = block
    this.index = index
    this.timestamp = block.timestamps[index]!
    const start = block.keyStart[index]!
    this.keyBytes = start < 0 ? null : block.bytes
    this.keyStart = start
    this.keyEnd = block.keyEnd[index]!
  }

  /** Moves on to a result of a window. */
  moveToResult(key: Uint8Array, timestamp: number): void {
    this.timestamp = timestamp
    this.keyBytes = key
    this.keyStart = 0
    this.keyEnd = key.length
  }

  /** Moves back to a key and a timestamp of before. */
  moveToKey(key: Uint8Array | null, start: number, end: number, timestamp: number): void {
    this.timestamp = timestamp
    this.keyBytes = key
    this.keyStart = start
    this.keyEnd = end
  }

  /** Lets go of the block: after a restore nothing that was in work is. */
  clear(): void {
    this.block = null
    this.index = -1
    this.timestamp = -Infinity
    this.keyBytes = null
  }

  get topic(): string {
    return this.block?.topic ?? this.#topic
  }

  get partition(): number {
    return this.block?.partition ?? -1
  }

  get offset(): number {
    return this.block?.offsets[this.index] ?? -1
  }

  get key(): string | null {
    if (this.keyBytes === null) return null
    return Buffer.from(this.keyBytes.buffer, this.keyBytes.byteOffset + this.keyStart, this.keyEnd - this.keyStart).toString('utf8')
  }

  header(name: string): string | null {
    if (this.block === null || this.index < 0) return null
    const value = this.#readHeaders(this.block, this.index).find((header) => header.key === name)?.value
    return value ? Buffer.from(value).toString('utf8') : null
  }
}
