import test from 'ava'
import fc from 'fast-check'
import { ByteReader, ByteWriter } from '../../../../runtime/transforms/aggregates/bytes.ts'
import { QuantileSketch } from '../../../../runtime/transforms/aggregates/quantile-sketch.ts'

function sketchOf(values: readonly number[]): QuantileSketch {
  const sketch = new QuantileSketch()
  for (const value of values) sketch.add(value)
  return sketch
}

function bytesOf(sketch: QuantileSketch): Buffer {
  const writer = new ByteWriter()
  sketch.write(writer)
  return writer.finish()
}

const magnitudes = fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.integer({ min: -1000, max: 1000 }), fc.constant(0))
const ranks = fc.oneof(fc.constantFrom(0, 0.5, 0.9, 0.99, 1), fc.double({ min: 0, max: 1, noNaN: true }))

test('a quantile is within one percent of the value of its rank; the least and the greatest are exact', (t) => {
  fc.assert(
    fc.property(fc.array(magnitudes, { minLength: 1, maxLength: 300 }), ranks, (values, q) => {
      const sorted = values.toSorted((a, b) => a - b)
      const rank = Math.floor(q * (values.length - 1))
      const exact = sorted[rank]!
      const found = sketchOf(values).quantile(q)!
      // What is 10^17 times smaller than the greatest counts as that small; fast-check likes the least numbers there are.
      const greatest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      const bound = Math.abs(exact) * 0.01 * (1 + 1e-9) + greatest * 1e-17 + 2 ** -999
      t.true(Math.abs(found - exact) <= bound, `${found} for ${exact}`)
      if (rank === 0 || rank === values.length - 1) t.is(found, exact)
    }),
  )
})

test('a sketch without values has no quantiles', (t) => {
  t.is(sketchOf([]).quantile(0.5), null)
})

test('the state depends on the values alone: not on their order, on merges, or on being written and read', (t) => {
  fc.assert(
    fc.property(fc.array(magnitudes, { maxLength: 120 }), fc.nat(120), (values, cut) => {
      const merged = sketchOf(values.slice(cut))
      merged.merge(QuantileSketch.read(new ByteReader(bytesOf(sketchOf(values.slice(0, cut))))))
      const whole = sketchOf(values.toReversed())
      t.deepEqual(bytesOf(merged), bytesOf(whole))
    }),
  )
})

test('values of every size keep the sketch below its bound, and the great ones exact to one percent', (t) => {
  const values = Array.from({ length: 20_000 }, (_, i) => 10 ** ((i - 10_000) / 40))
  const shuffled = values.map((_, i) => values[(i * 7_919) % values.length]!)
  const sketch = sketchOf(shuffled)
  t.true(bytesOf(sketch).length < 10_000)
  t.deepEqual(bytesOf(sketch), bytesOf(sketchOf(values)))
  for (const q of [0.98, 0.99, 0.999]) {
    const exact = values[Math.floor(q * (values.length - 1))]!
    t.true(Math.abs(sketch.quantile(q)! / exact - 1) <= 0.01 + 1e-9, `${q}: ${sketch.quantile(q)} for ${exact}`)
  }
})
