import test from 'ava'
import fc from 'fast-check'
import { ByteReader, ByteWriter } from '../../../../runtime/transforms/aggregates/bytes.ts'
import { DistinctSketch } from '../../../../runtime/transforms/aggregates/distinct-sketch.ts'
import { murmur3 } from '../../../../runtime/transforms/aggregates/murmur3.ts'

function sketchOf(values: Iterable<number>): DistinctSketch {
  const sketch = new DistinctSketch()
  for (const value of values) sketch.add(Buffer.from(String(value)))
  return sketch
}

function rewritten(sketch: DistinctSketch): DistinctSketch {
  const writer = new ByteWriter()
  sketch.write(writer)
  return DistinctSketch.read(new ByteReader(writer.finish()))
}

function* numbers(from: number, to: number): Generator<number> {
  for (let i = from; i < to; i++) yield i
}

test('the hash is MurmurHash3_x86_32', (t) => {
  const hash = (text: string, seed: number): number => murmur3(Buffer.from(text), seed) >>> 0
  t.is(hash('', 0), 0)
  t.is(hash('', 1), 0x514e28b7)
  t.is(hash('test', 0), 0xba6bd213)
  t.is(hash('test', 0x9747b28c), 0x704b81dc)
  t.is(hash('Hello, world!', 0), 0xc0363e43)
  t.is(hash('The quick brown fox jumps over the lazy dog', 0x9747b28c), 0x2fa826cd)
})

test('up to 256 different values are counted exactly, however often they come', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(400), { maxLength: 256 }), (values) => {
      t.is(rewritten(sketchOf([...values, ...values])).estimate(), new Set(values).size)
    }),
  )
})

test('more are counted within five standard errors, and the mean of many within one', (t) => {
  const error = 1.04 / Math.sqrt(4_096)
  for (const size of [257, 1_000, 4_096, 10_000, 20_000, 200_000]) {
    const found = Array.from({ length: size > 20_000 ? 1 : 8 }, (_, i) => sketchOf(numbers(i * 1e9, i * 1e9 + size)).estimate() / size - 1)
    for (const one of found) t.true(Math.abs(one) < 5 * error, `${size}: ${one}`)
    if (found.length > 1) t.true(Math.abs(found.reduce((sum, one) => sum + one, 0) / found.length) < error, `${size}: ${found.join(' ')}`)
  }
})

test('merged sketches count what both have seen, as one that has seen it all', (t) => {
  for (const [low, middle, high] of [
    [0, 100, 200],
    [0, 200, 400],
    [0, 100, 5_000],
    [0, 3_000, 5_000],
  ] as const) {
    const merged = rewritten(sketchOf(numbers(low, middle + 50)))
    merged.merge(rewritten(sketchOf(numbers(middle, high))))
    t.is(merged.estimate(), sketchOf(numbers(low, high)).estimate())
  }
})
