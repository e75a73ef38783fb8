import test from 'ava'
import fc from 'fast-check'
import { Partitioners } from 'kafkajs'
import { encodeKey, keyEquals, murmur2, partitionFor } from '../../../runtime/formats/key.ts'

function hash(text: string): number {
  const bytes = Buffer.from(text)
  return murmur2(bytes, 0, bytes.length)
}

test('a key is UTF-8 text, JSON text of a number or boolean, or a JSON array of several', (t) => {
  for (const [value, text] of [
    ['ann', 'ann'],
    ['é"', 'é"'],
    ['', ''],
    [12, '12'],
    [-0, '0'],
    [1.5, '1.5'],
    [1e21, '1e+21'],
    [true, 'true'],
    [['a"', 1, false, ['x']], '["a\\"",1,false,["x"]]'],
  ] as const) {
    t.is(encodeKey(value).toString(), text)
  }
})

test('what is no key is refused', (t) => {
  for (const value of [null, undefined, NaN, {}, [], [null], 1n]) t.throws(() => encodeKey(value), { instanceOf: TypeError })
})

const key = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.array(fc.oneof(fc.string(), fc.integer()), { minLength: 1 }),
)

test('keyEquals tells whether bytes are those of the key, wherever they stand', (t) => {
  fc.assert(
    fc.property(
      key,
      fc.oneof(key, fc.constantFrom('0', '-0', '01', '1', '-1', '1e3', '12345678901234567890')),
      fc.uint8Array({ maxLength: 4 }),
      (value, other, around) => {
        const found = encodeKey(other)
        const bytes = Buffer.concat([around, found, around])
        const own = encodeKey(value)
        return (
          keyEquals(value, bytes, around.length, around.length + found.length) === own.equals(found) &&
          keyEquals(value, Buffer.concat([around, own, around]), around.length, around.length + own.length)
        )
      },
    ),
    { numRuns: 3000 },
  )
  t.false(keyEquals(1, Buffer.from('01'), 0, 2))
  t.false(keyEquals(0, Buffer.from('-0'), 0, 2))
  t.false(keyEquals(0, Buffer.from(''), 0, 0))
  t.true(keyEquals(-15, Buffer.from('-15'), 0, 3))
})

test('murmur2 gives the values of the Kafka clients', (t) => {
  // From the unit tests of Kafka's own Utils.murmur2.
  t.is(hash('21'), -973932308)
  t.is(hash('foobar'), -790332482)
  t.is(hash('a-little-bit-long-string'), -985981536)
  t.is(hash('a-little-bit-longer-string'), -1486304829)
  t.is(hash('lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8'), -58897971)
  t.is(hash('abc'), 479470107)
})

test('partitionFor gives the partition that kafkajs gives', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 50 }), (bytes, partitions) => {
      const metadata = Array.from({ length: partitions }, (_, partitionId) => ({
        partitionId,
        leader: 1,
        partitionErrorCode: 0,
        replicas: [1],
        isr: [1],
      }))
      const theirs = Partitioners.DefaultPartitioner()({ topic: 'x', partitionMetadata: metadata, message: { key: Buffer.from(bytes), value: null } })
      const block = Buffer.concat([Buffer.from('ab'), bytes, Buffer.from('c')])
      return partitionFor(block, 2, 2 + bytes.length, partitions) === theirs
    }),
    { numRuns: 2000 },
  )
  t.pass()
})
