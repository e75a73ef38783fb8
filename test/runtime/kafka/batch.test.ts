/** The codec of record batches, against the one in kafkajs, and against what Java wrote. */
import { readFileSync } from 'node:fs'
import test from 'ava'
import fc from 'fast-check'
import { decodeBatch } from '../../../runtime/kafka/batch/decode.ts'
import { BatchBuilder } from '../../../runtime/kafka/batch/encode.ts'
import { readBatchHeader } from '../../../runtime/kafka/batch/header.ts'
import { layout } from '../../../runtime/kafka/batch/layout.ts'
import type { PlainRecord } from './kafkajs-codec.ts'
import { decodeWithKafkajs, encodeWithKafkajs } from './kafkajs-codec.ts'
import { build, code, decode, recordsOf, resealed } from './batches.ts'

const bytes = fc.option(fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)))
// kafkajs keeps headers in an object, where `toString` and numbers have a life of their own.
const headerKey = fc.string({ maxLength: 20 }).map((name) => `h-${name}`)
const header = fc.record({ key: headerKey, value: fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array)) })
const records: fc.Arbitrary<PlainRecord[]> = fc.array(
  fc.record({
    key: bytes,
    value: bytes,
    timestamp: fc.oneof(fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }), fc.integer({ min: 0, max: 4_000_000_000_000_000 })),
    headers: fc.uniqueArray(header, { selector: ({ key }) => key, maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 60 },
)

test('what we encode, another implementation reads as the same records', async (t) => {
  await fc.assert(
    fc.asyncProperty(records, fc.constantFrom('none', 'gzip'), async (given, compression) => {
      const stamp = { producerId: 4_711_000_000_000, epoch: 3, sequence: 17, transactional: true }
      const found = await decodeWithKafkajs(build(given, stamp, compression))
      t.like(found, { producerId: '4711000000000', producerEpoch: 3, firstSequence: 17, inTransaction: true })
      const seen = found.records.map(({ key, value, timestamp, headers }) => ({
        key,
        value,
        timestamp: Number(timestamp),
        headers: Object.entries(headers).map(([name, content]) => ({ key: name, value: content as Buffer })),
      }))
      t.deepEqual(seen.map(sorted), given.map(sorted))
    }),
    { numRuns: 150 },
  )
})

test('what another implementation encodes, we index as the same records', async (t) => {
  await fc.assert(
    fc.asyncProperty(records, fc.constantFrom('none', 'gzip'), fc.integer({ min: 0, max: 2 ** 50 }), async (given, compression, baseOffset) => {
      const block = decode(await encodeWithKafkajs(given, compression, baseOffset))
      t.deepEqual(recordsOf(block).map(sorted), given.map(sorted))
      t.deepEqual(
        [...block.offsets],
        given.map((_, i) => baseOffset + i),
      )
      t.is(block.nextOffset, baseOffset + given.length)
    }),
    { numRuns: 150 },
  )
})

for (const compression of ['none', 'gzip', 'lz4', 'zstd'] as const) {
  test(`records survive encoding and decoding with ${compression}`, (t) => {
    fc.assert(
      fc.property(records, (given) => t.deepEqual(recordsOf(decode(build(given, null, compression))), given)),
      { numRuns: 100 },
    )
  })
}

const java = JSON.parse(readFileSync(new URL('fixtures/java-batches.json', import.meta.url), 'utf8')) as Record<string, string>

for (const codec of ['gzip', 'snappy', 'lz4', 'zstd']) {
  test(`a batch that Java compressed with ${codec} is read`, (t) => {
    const read = recordsOf(decode(Buffer.from(java[codec]!, 'base64')))
    t.is(read.length, 40)
    for (const [i, { key, value, headers }] of read.entries()) {
      t.is(String(key), `key-${i % 7}`)
      t.is(String(value), `${'value '.repeat(20)}${i}`)
      t.deepEqual(
        headers.map((h) => [h.key, String(h.value)]),
        [
          ['source', 'java'],
          ['n', String(i)],
        ],
      )
    }
  })
}

test('records outside of the bounds are left out, and the position stays inside of them', (t) => {
  const batch = Buffer.from(build(many(10), null, 'none'))
  batch.writeInt32BE(100, layout.baseOffset + 4)
  const block = decodeBatch(readBatchHeader(batch, 0)!, { topic: 'a', partition: 0, from: 103, to: 106 })
  t.deepEqual([...block.offsets.subarray(0, block.count)], [103, 104, 105])
  t.is(block.nextOffset, 106)
})

test('records of a topic with append time carry the time of the append', (t) => {
  const batch = Buffer.from(build(many(3), null, 'none'))
  batch.writeInt16BE(0x08, layout.attributes)
  batch.writeInt32BE(0, layout.maxTimestamp)
  batch.writeInt32BE(1_234_567, layout.maxTimestamp + 4)
  const block = decodeBatch(readBatchHeader(resealed(batch), 0)!, { topic: 'a', partition: 0, from: 0 })
  t.deepEqual([...block.timestamps], [1_234_567, 1_234_567, 1_234_567])
})

test('a batch that the answer cuts off is not read', (t) => {
  const batch = build(many(10), null, 'none')
  for (const length of [0, 10, 17, 60, batch.length - 1]) t.is(readBatchHeader(batch.subarray(0, length), 0), null)
  t.is(readBatchHeader(batch, 0)?.count, 10)
})

test('any changed byte behind the length is found out', (t) => {
  const batch = build(many(20), null, 'none')
  fc.assert(
    fc.property(fc.integer({ min: layout.crc, max: batch.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const damaged = Buffer.from(batch)
      damaged[at]! ^= change
      t.is(
        code(() => decode(damaged)),
        'kafka-protocol',
      )
    }),
  )
})

test('batches of older formats are refused by name', (t) => {
  const batch = Buffer.from(build(many(2), null, 'none'))
  batch[layout.magic] = 1
  t.throws(() => readBatchHeader(batch, 0), { message: /format 1; only format 2/ })
})

test('a compressed batch that is not what it says is refused', (t) => {
  for (const codec of [1, 2, 3, 4, 5]) {
    const batch = Buffer.from(build(many(50), null, 'none'))
    batch.writeInt16BE(codec, layout.attributes)
    t.is(
      code(() => decode(resealed(batch))),
      'kafka-protocol',
    )
  }
})

test('a builder tells its size to the byte', (t) => {
  fc.assert(
    fc.property(records, (given) => {
      const builder = new BatchBuilder(100)
      for (const { key, value, timestamp, headers } of given) {
        builder.append(key, 0, key?.length ?? 0, value, 0, value?.length ?? 0, timestamp, headers)
      }
      const { size } = builder
      t.is(builder.finish(null, 'none').length, size)
    }),
  )
})

function many(count: number): PlainRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    key: Buffer.from(`k${i}`),
    value: Buffer.from(`value ${i}`.repeat(5)),
    timestamp: 1_700_000_000_000 + i,
    headers: [],
  }))
}

function sorted(record: PlainRecord): PlainRecord {
  return { ...record, headers: record.headers.toSorted((a, b) => (a.key < b.key ? -1 : 1)) }
}
