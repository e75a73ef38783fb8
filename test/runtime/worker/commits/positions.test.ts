import test from 'ava'
import fc from 'fast-check'
import { StreamJobError } from '../../../../runtime/errors.ts'
import {
  decodeOffsetMetadata,
  decodePositionRow,
  encodeOffsetMetadata,
  encodePositionRow,
  PositionRow,
  positionRowKey,
} from '../../../../runtime/worker/commits/positions.ts'

const position = fc.record({
  formatVersion: fc.constant(1 as const),
  commit: fc.integer({ min: 1 }),
  writer: fc.nat(),
  epoch: fc.nat(),
  inputs: fc.array(fc.record({ topic: fc.string(), topicId: fc.string(), partition: fc.nat(), offset: fc.maxSafeNat() }), { minLength: 1 }),
  snapshot: fc.record({
    maxTimestamp: fc.option(fc.maxSafeInteger()),
    watermarks: fc.dictionary(fc.stringMatching(/^[a-z-]+$/), fc.maxSafeInteger()),
  }),
})

test('a position row is read as it was written', (t) => {
  fc.assert(fc.property(position, (row) => t.deepEqual({ ...decodePositionRow(encodePositionRow(row), 'here') }, PositionRow.parse(row)) || true))
})

test('a position row that can not be read names its place', (t) => {
  for (const bytes of ['', '{', '{}', '{"formatVersion":2}', '[]', 'null']) {
    const error = t.throws(() => decodePositionRow(Buffer.from(bytes), 'changelog-7, offset 3'), { instanceOf: StreamJobError })
    t.is(error?.code, 'changelog-corrupt')
    t.regex(error?.message ?? '', /changelog-7, offset 3/)
  }
})

test('the key of a position row is no key of a state row: those begin with their format version', (t) => {
  t.is(positionRowKey[0], 0)
})

test('offset metadata is read as it was written, and fits a broker’s bound', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), fc.nat(), (commit, writer) => {
      const metadata = encodeOffsetMetadata(commit, writer)
      t.true(metadata.length < 4_096)
      t.deepEqual(decodeOffsetMetadata(metadata), { commit, writer })
    }),
  )
})

test('an offset that no worker committed has no commit', (t) => {
  for (const metadata of [null, '', 'by hand', '{}', '{"v":2,"n":1,"w":0}', '{"v":1,"n":0,"w":0}', '[1]', 'null'])
    t.is(decodeOffsetMetadata(metadata), null)
})
