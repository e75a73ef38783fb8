import test from 'ava'
import fc from 'fast-check'
import { readVarint, varintEnd, varintSize, writeVarint } from '../../../runtime/kafka/batch/varint.ts'

const value = fc.oneof(
  fc.integer({ min: -70, max: 70 }),
  fc.integer(),
  fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
  fc.nat(52).map((bits) => 2 ** bits),
  fc.nat(52).map((bits) => -(2 ** bits)),
  fc.nat(52).map((bits) => 2 ** bits - 1),
)

test('every integer up to 2^52 is read back as it was written, in as many bytes as announced', (t) => {
  fc.assert(
    fc.property(value, (given) => {
      const bytes = Buffer.alloc(12, 0xff)
      const end = writeVarint(bytes, 1, given)
      t.is(end - 1, varintSize(given))
      t.is(readVarint(bytes, 1), given)
      t.is(varintEnd, end)
    }),
    { numRuns: 2_000 },
  )
})
