/** Decompression is bounded: a batch of a few kilobytes must not take all memory. */
import test from 'ava'
import fc from 'fast-check'
import { compressFrameSync } from 'lz4-napi'
import { compressSync } from 'snappy'
import { decompress } from '../../../runtime/kafka/batch/codecs.ts'
import { decompressLz4 } from '../../../runtime/kafka/batch/lz4.ts'
import { decompressSnappy } from '../../../runtime/kafka/batch/snappy.ts'
import { code } from './batches.ts'

const codec = { snappy: 2, lz4: 3 } as const
const content = fc
  .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 0, max: 20_000 }))
  .map(([pattern, length]) => Buffer.alloc(length, pattern))

test('an lz4 batch of few bytes that becomes more than 256 MiB is refused before it is unpacked', (t) => {
  const four = compressFrameSync(Buffer.alloc(4 * 1024 * 1024))
  const block = four.subarray(7, 7 + 4 + four.readUInt32LE(7))
  const frame = (blocks: number): Buffer => Buffer.concat([four.subarray(0, 7), ...Array.from({ length: blocks }, () => block), Buffer.alloc(4)])
  t.true(frame(65).length < 1.1 * 1024 * 1024)
  t.is(
    code(() => decompress(codec.lz4, frame(65))),
    'kafka-protocol',
  )
  t.is(decompress(codec.lz4, frame(2)).length, 8 * 1024 * 1024)
})

test('a snappy batch that says it becomes more than 256 MiB is refused before memory is taken for it', (t) => {
  for (const prefix of [Buffer.alloc(0), chunkedHead, Buffer.concat([chunkedHead, chunk(Buffer.from('some'))])]) {
    const claim = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x0f, 0, 0x61])
    const bytes = Buffer.concat([prefix, prefix.length > 0 ? int32(claim.length) : prefix, claim])
    t.throws(() => decompress(codec.snappy, bytes), { message: /cannot be decompressed as snappy: it is larger than \d+ bytes/ })
  }
})

test('what unpacks to at most the bound is unpacked with lz4, and nothing larger is', (t) => {
  fc.assert(
    fc.property(content, fc.integer({ min: 0, max: 30_000 }), (given, bound) => {
      const frame = compressFrameSync(given)
      if (given.length > bound) t.throws(() => decompressLz4(frame, bound), { message: /larger than/ })
      else t.deepEqual(decompressLz4(frame, Math.max(bound, frame.length * 255)), given)
    }),
  )
})

test('what unpacks to at most the bound is unpacked with snappy, all chunks together, and nothing larger is', (t) => {
  fc.assert(
    fc.property(fc.array(content, { maxLength: 3 }), fc.integer({ min: 0, max: 60_000 }), (given, bound) => {
      const bytes = Buffer.concat([chunkedHead, ...given.map(chunk)])
      const all = Buffer.concat(given)
      if (all.length > bound) t.throws(() => decompressSnappy(bytes, bound), { message: /larger than/ })
      else t.deepEqual(decompressSnappy(bytes, bound), all)
    }),
  )
})

/** The magic of the Java library and its two versions. */
const chunkedHead = Buffer.concat([Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]), int32(1), int32(1)])

function chunk(given: Buffer): Buffer {
  const bare = compressSync(given)
  return Buffer.concat([int32(bare.length), bare])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
