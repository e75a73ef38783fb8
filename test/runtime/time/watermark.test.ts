import test from 'ava'
import fc from 'fast-check'
import { BoundedWatermark } from '../../../runtime/time/watermark.ts'

test('the watermark stays the bound and one millisecond behind the largest timestamp', (t) => {
  //   timestamp   100   95   110
  //   watermark    89   89    99
  const watermark = new BoundedWatermark(10)
  t.is(watermark.current, -Infinity)
  t.true(watermark.advance(100))
  t.is(watermark.current, 89)
  t.false(watermark.advance(95))
  t.is(watermark.current, 89)
  t.true(watermark.advance(110))
  t.is(watermark.current, 99)
})

test('a record that is out of order by the bound is not behind the watermark', (t) => {
  fc.assert(
    fc.property(fc.nat(1_000), fc.nat(1_000_000), (bound, timestamp) => {
      const watermark = new BoundedWatermark(bound)
      watermark.advance(timestamp)
      t.true(timestamp - bound > watermark.current)
      t.true(timestamp - bound - 1 <= watermark.current)
    }),
  )
})

test('the watermark never goes back, and only depends on the largest timestamp', (t) => {
  fc.assert(
    fc.property(fc.nat(100), fc.array(fc.nat(1_000), { minLength: 1 }), (bound, timestamps) => {
      const watermark = new BoundedWatermark(bound)
      for (const timestamp of timestamps) {
        const before = watermark.current
        t.is(watermark.advance(timestamp), watermark.current > before)
        t.true(watermark.current >= before)
      }
      t.is(watermark.current, Math.max(...timestamps) - bound - 1)
    }),
  )
})

test('a restored watermark is where the snapshot left it', (t) => {
  const watermark = new BoundedWatermark(10)
  watermark.advance(100)
  const restored = new BoundedWatermark(10)
  restored.restore(watermark.maxTimestamp)
  t.is(restored.current, watermark.current)
  restored.restore(null)
  t.is(restored.current, -Infinity)
  t.is(restored.maxTimestamp, -Infinity)
})
