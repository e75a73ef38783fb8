import { RecordRejected } from './chain.ts'
import type { ChainContext } from './chain.ts'

export interface LateOptions {
  readonly uid: string
  /** The value that came in, as JSON. Throws when it can't be written. */
  readonly encode: (value: unknown) => Uint8Array
  readonly context: ChainContext
}

/** The late values of the record in work, until it has come through; then they go to the late topic. */
export class LateRecords {
  readonly #options: LateOptions
  #late: { readonly value: Buffer; readonly timestamp: number; readonly windowStart: number; readonly windowEnd: number }[] = []

  constructor(options: LateOptions) {
    this.#options = options
  }

  /** With the window that it would have been in, epoch ms, end exclusive. Throws RecordRejected when the value can not be written. */
  keep(value: unknown, windowStart: number, windowEnd: number): void {
    const { encode, context, uid } = this.#options
    let encoded: Uint8Array
    try {
      encoded = encode(value)
    } catch (error) {
      throw new RecordRejected('processing', `"${uid}": a late record cannot be written as JSON: ${String(error)}`)
    }
    const bytes = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength)
    this.#late.push({ value: bytes, timestamp: context.record.timestamp, windowStart, windowEnd })
  }

  /** Sends what was kept, with the watermark that condemned it. */
  emit(watermark: number): void {
    if (this.#late.length === 0) return
    const { context, uid } = this.#options
    const { record, output, counters, slice } = context
    const key = record.keyBytes === null ? null : Buffer.from(record.keyBytes.subarray(record.keyStart, record.keyEnd))
    const late = this.#late
    this.#late = []
    for (const one of late) {
      counters.dropped.late++
      slice.spent += one.value.length
      output.late({ index: record.index, transform: uid, key, ...one, watermark })
    }
  }

  discard(): void {
    this.#late = []
  }
}
