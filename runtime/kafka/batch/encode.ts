/** Builds record batches in one growing buffer: varints are written in place, no object per record. */
import { crc32c } from '@node-rs/crc32'
import type { RecordHeader } from '../records.ts'
import type { Compression } from './codecs.ts'
import { codecNumbers, compressors } from './codecs.ts'
import { headersSize, writeHeaders } from './headers.ts'
import { attribute, layout, lengthOverhead, writeInt64 } from './layout.ts'
import { varintSize, writeVarint } from './varint.ts'

/** Who writes; absent for a producer without idempotence. */
export interface BatchProducer {
  readonly producerId: number
  readonly epoch: number
  readonly sequence: number
  readonly transactional: boolean
}

export class BatchBuilder {
  #bytes: Buffer
  #at: number = layout.records
  #count = 0
  #baseTimestamp = 0
  #maxTimestamp = 0

  constructor(capacity = 16 * 1024) {
    this.#bytes = Buffer.allocUnsafe(Math.max(capacity, layout.records))
  }

  get count(): number {
    return this.#count
  }

  /** Bytes of the batch before compression. */
  get size(): number {
    return this.#at
  }

  /** Copies the record's bytes in. A null key or value has no bytes; `start` and `end` are then of no meaning. Timestamps are integers. */
  append(
    key: Uint8Array | null,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array | null,
    valueStart: number,
    valueEnd: number,
    timestamp: number,
    headers: readonly RecordHeader[],
  ): void {
    if (this.#count === 0) this.#baseTimestamp = this.#maxTimestamp = timestamp
    else if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp
    const timeDelta = timestamp - this.#baseTimestamp
    const keyLength = key === null ? -1 : keyEnd - keyStart
    const valueLength = value === null ? -1 : valueEnd - valueStart
    const headersLength = headers.length === 0 ? 1 : headersSize(headers)
    const size =
      1 +
      varintSize(timeDelta) +
      varintSize(this.#count) +
      varintSize(keyLength) +
      (key === null ? 0 : keyLength) +
      varintSize(valueLength) +
      (value === null ? 0 : valueLength) +
      headersLength
    this.#reserve(size + 5)
    const bytes = this.#bytes
    let at = writeVarint(bytes, this.#at, size)
    bytes[at++] = 0
    at = writeVarint(bytes, at, timeDelta)
    at = writeVarint(bytes, at, this.#count++)
    at = writeVarint(bytes, at, keyLength)
    if (key !== null) at = copy(key, keyStart, keyEnd, bytes, at)
    at = writeVarint(bytes, at, valueLength)
    if (value !== null) at = copy(value, valueStart, valueEnd, bytes, at)
    if (headers.length === 0) bytes[at++] = 0
    else at = writeHeaders(bytes, at, headers)
    this.#at = at
  }

  /**
   * The finished batch. Without compression it shares the builder's buffer, which is why a builder makes one batch only.
   */
  finish(producer: BatchProducer | null, compression: Compression): Buffer {
    const records = this.#bytes.subarray(layout.records, this.#at)
    const codec = this.#at < smallestWorthCompressing ? 'none' : compression
    if (codec === 'none') return this.#head(this.#bytes.subarray(0, this.#at), producer, 0)
    const packed = compressors[codec](records)
    if (packed.length >= records.length) return this.#head(this.#bytes.subarray(0, this.#at), producer, 0)
    const batch = Buffer.allocUnsafe(layout.records + packed.length)
    packed.copy(batch, layout.records)
    return this.#head(batch, producer, codecNumbers[codec])
  }

  #head(batch: Buffer, producer: BatchProducer | null, codec: number): Buffer {
    writeInt64(batch, layout.baseOffset, 0)
    batch.writeInt32BE(batch.length - lengthOverhead, layout.length)
    batch.writeInt32BE(-1, layout.leaderEpoch)
    batch[layout.magic] = 2
    batch.writeInt16BE(codec | (producer?.transactional === true ? attribute.transactional : 0), layout.attributes)
    batch.writeInt32BE(this.#count - 1, layout.lastOffsetDelta)
    writeInt64(batch, layout.baseTimestamp, this.#baseTimestamp)
    writeInt64(batch, layout.maxTimestamp, this.#maxTimestamp)
    writeInt64(batch, layout.producerId, producer?.producerId ?? -1)
    batch.writeInt16BE(producer?.epoch ?? -1, layout.producerEpoch)
    batch.writeInt32BE(producer?.sequence ?? -1, layout.baseSequence)
    batch.writeInt32BE(this.#count, layout.count)
    batch.writeUInt32BE(crc32c(batch.subarray(layout.attributes)), layout.crc)
    return batch
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + size))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
  }
}

const smallestWorthCompressing = 512

/** Keys are short: a loop beats the call into native code. */
function copy(from: Uint8Array, start: number, end: number, to: Buffer, at: number): number {
  const length = end - start
  if (length > 32) {
    if (from instanceof Buffer) from.copy(to, at, start, end)
    else to.set(from.subarray(start, end), at)
    return at + length
  }
  for (let i = start; i < end; i++) to[at++] = from[i]!
  return at
}
