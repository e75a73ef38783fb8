/** Another implementation of record batches, to compare ours with: the one inside kafkajs. */
import { createRequire } from 'node:module'

export interface PlainRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly timestamp: number
  readonly headers: readonly { readonly key: string; readonly value: Buffer }[]
}

interface Encoder {
  readonly buffer: Buffer
}

interface DecodedBatch {
  readonly producerId: string
  readonly producerEpoch: number
  readonly firstSequence: number
  readonly inTransaction: boolean
  readonly records: readonly {
    readonly offset: string
    readonly timestamp: string
    readonly key: Buffer | null
    readonly value: Buffer | null
    readonly headers: Readonly<Record<string, Buffer | readonly Buffer[]>>
  }[]
}

const require = createRequire(import.meta.url)
const source = 'kafkajs/src/protocol'
const encodeRecord = require(`${source}/recordBatch/record/v0`) as (record: object) => Encoder
const { RecordBatch } = require(`${source}/recordBatch/v0`) as { RecordBatch(this: void, batch: object): Promise<Encoder> }
const decodeRecordBatch = require(`${source}/recordBatch/v0/decoder`) as (decoder: object) => Promise<DecodedBatch>
const Decoder = require(`${source}/decoder`) as new (bytes: Buffer) => object
const Long = require('kafkajs/src/utils/long') as { fromValue(value: number): unknown }

export async function encodeWithKafkajs(records: readonly PlainRecord[], compression: 'none' | 'gzip', baseOffset: number): Promise<Buffer> {
  const first = records[0]!.timestamp
  const encoded = records.map((record, i) =>
    encodeRecord({
      offsetDelta: i,
      timestampDelta: record.timestamp - first,
      key: record.key,
      value: record.value,
      headers: Object.fromEntries(record.headers.map(({ key, value }) => [key, value])),
    }),
  )
  const batch = await RecordBatch({
    compression: compression === 'gzip' ? 1 : 0,
    firstOffset: Long.fromValue(baseOffset),
    firstTimestamp: first,
    maxTimestamp: Math.max(...records.map((record) => record.timestamp)),
    lastOffsetDelta: records.length - 1,
    records: encoded,
  })
  return batch.buffer
}

export function decodeWithKafkajs(batch: Buffer): Promise<DecodedBatch> {
  return decodeRecordBatch(new Decoder(batch))
}
