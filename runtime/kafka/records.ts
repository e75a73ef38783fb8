/** Records as the data plane sees them: bytes and where they lie, never an object per record. */

/** A fetched record batch, decompressed and indexed, or the empty remains of one (markers, aborted, compacted away). */
export interface RecordBlock {
  readonly topic: string
  readonly partition: number
  /** How many records may be read. 0 where the block only moves the position. */
  readonly count: number
  /** Position behind this block: batches that hold nothing for us move it too. */
  readonly nextOffset: number
  /** What all indexes below point into. */
  readonly bytes: Buffer
  /** Offset of record i. */
  readonly offsets: Float64Array
  /** Record timestamp in epoch ms; the append time where the topic says so. */
  readonly timestamps: Float64Array
  /** -1 where the key is null. */
  readonly keyStart: Int32Array
  readonly keyEnd: Int32Array
  /** -1 where the value is null. */
  readonly valueStart: Int32Array
  readonly valueEnd: Int32Array
  /** Where the header count stands; read with `readHeaders`. */
  readonly headersStart: Int32Array
}

export interface RecordHeader {
  readonly key: string
  readonly value: Uint8Array | null
}

/** A topic partition; `${topic}-${partition}` is used as a map key. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export function partitionKey(topic: string, partition: number): string {
  return `${topic}-${partition}`
}
