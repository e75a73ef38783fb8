import { isDeepStrictEqual } from 'node:util'
import test from 'ava'
import fc from 'fast-check'
import { rowDecoder } from '../../../../runtime/formats/binary/decoder.ts'
import { rowEncoder } from '../../../../runtime/formats/binary/encoder.ts'
import { rowVersion, tag } from '../../../../runtime/formats/binary/row.ts'
import { DecodeError } from '../../../../runtime/formats/codec.ts'

/** The refusal's words, or the value: whatever else is thrown fails the test. */
function outcome(bytes: Uint8Array, decoder = rowDecoder()): { readonly refusal?: string; readonly value?: unknown } {
  // Behind the row there are bytes that would make a good one of it.
  const block = Buffer.concat([bytes, Buffer.alloc(64, tag.null)])
  try {
    return { value: decoder.decode(block, 0, bytes.length) }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return { refusal: error.message }
  }
}

const someValue = fc.array(fc.oneof(fc.object({ withDate: false, withBigInt: false, maxDepth: 3 }), fc.string(), fc.integer(), fc.double()), {
  minLength: 1,
  maxLength: 4,
})

const rowOf = (value: unknown): Uint8Array => rowEncoder().encode(value)

test('a row that is cut off anywhere is refused', (t) => {
  fc.assert(
    fc.property(someValue, fc.nat(), (value, cut) => {
      const row = rowOf(value)
      return outcome(row.subarray(0, cut % row.length)).refusal?.startsWith('value: is a damaged row: ') === true
    }),
    { numRuns: 1000 },
  )
  t.pass()
})

test('bytes behind the value of a row are refused', (t) => {
  const row = Buffer.concat([rowOf({ a: 1 }), Buffer.from([tag.null])])
  t.is(outcome(row).refusal, 'value: is a damaged row: it has 1 bytes behind its value, at byte 7 of 8')
})

test('changed bytes give a value or a DecodeError, and the decoder reads the next row as ever', (t) => {
  const decoder = rowDecoder()
  const good = { id: 1, name: 'ann', tags: ['a', { b: 2.5 }] }
  const goodRow = rowOf(good)
  const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }))
  fc.assert(
    fc.property(someValue, fc.array(change, { minLength: 1, maxLength: 4 }), (value, changes) => {
      const row = Buffer.from(rowOf(value))
      for (const [at, byte] of changes) row[1 + (at % (row.length - 1))] = byte
      outcome(row, decoder)
      return isDeepStrictEqual(outcome(goodRow, decoder).value, good)
    }),
    { numRuns: 5000 },
  )
  t.pass()
})

test('any bytes give a value or a DecodeError', (t) => {
  const decoder = rowDecoder()
  const bytes = fc.array(
    fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 0, max: 12 }) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }) }),
  )
  fc.assert(
    fc.property(bytes, (given) => {
      outcome(new Uint8Array([rowVersion, ...given]), decoder)
    }),
    { numRuns: 10_000 },
  )
  t.pass()
})

test('lengths and counts that go beyond the row are refused before memory is taken for them', (t) => {
  const huge = [0xff, 0xff, 0xff, 0xff, 0x0f]
  for (const [bytes, message] of [
    [[tag.list, ...huge], /a list of 4294967295 does not end in it, at byte 7 of 7$/],
    [[tag.text, ...huge], /it ends inside of 4294967294 bytes/],
    [[tag.text, 0xfe, 0xff, 0xff, 0xff, 0x0f], /it ends inside of 2147483647 bytes/],
    [[tag.bytes, ...huge], /it ends inside of 4294967295 bytes/],
    [[tag.object, ...huge], /it ends inside of 4294967295 bytes/],
    [[tag.object, 2, 20, 97], /it ends inside of 10 bytes/],
    [[tag.list, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0], /a number has more than five bytes/],
    [[tag.number, 0, 0], /it ends inside of 8 bytes, at byte 2 of 4$/],
    [[10], /there is no kind of value 10/],
  ] as const)
    t.regex(outcome(new Uint8Array([rowVersion, ...bytes])).refusal ?? 'was read', message)
})

test('values that are nested without end are refused', (t) => {
  const lists = new Uint8Array([rowVersion, ...Array.from({ length: 100_000 }, () => [tag.list, 1]).flat(), tag.null])
  t.regex(outcome(lists).refusal ?? 'was read', /values are nested more than 200 deep/)
  const objects = new Uint8Array([rowVersion, ...Array.from({ length: 100_000 }, () => [tag.object, 2, 2, 97]).flat(), tag.null])
  t.regex(outcome(objects).refusal ?? 'was read', /values are nested more than 200 deep/)
})

test('names that occur twice, which no encoder writes, give one field', (t) => {
  const row = new Uint8Array([rowVersion, tag.object, 4, 2, 97, 2, 97, tag.false, tag.true])
  t.deepEqual(outcome(row).value, { a: true })
})
