import test from 'ava'
import fc from 'fast-check'
import { closingWatermark, newestWindowStart, openWindowCount, windowCount } from '../../../runtime/time/windows.ts'
import type { WindowShape } from '../../../runtime/time/windows.ts'

/** Starts of all windows that hold the timestamp, by the definition: every start is offset + a multiple of the slide. Newest first. */
function startsByDefinition(timestamp: number, { sizeMs, slideMs, offsetMs }: WindowShape): number[] {
  const starts: number[] = []
  for (let start = timestamp; start > timestamp - sizeMs; start--) {
    if ((((start - offsetMs) % slideMs) + slideMs) % slideMs === 0) starts.push(start)
  }
  return starts
}

function starts(timestamp: number, shape: WindowShape, count: number): number[] {
  const newest = newestWindowStart(timestamp, shape)
  return Array.from({ length: count }, (_, i) => newest - i * shape.slideMs)
}

const shapes = fc
  .record({ slideMs: fc.integer({ min: 1, max: 12 }), extra: fc.integer({ min: 0, max: 30 }), offsetMs: fc.integer({ min: -20, max: 20 }) })
  .map(({ slideMs, extra, offsetMs }): WindowShape => ({ slideMs, sizeMs: slideMs + extra, offsetMs }))

const tumbling10: WindowShape = { sizeMs: 10, slideMs: 10, offsetMs: 0 }

test('a tumbling window holds its start and not its end', (t) => {
  //   9 10      19 20
  //   ) [        ) [
  t.is(newestWindowStart(9, tumbling10), 0)
  t.is(newestWindowStart(10, tumbling10), 10)
  t.is(newestWindowStart(19, tumbling10), 10)
  t.is(newestWindowStart(20, tumbling10), 20)
  t.is(windowCount(10, 10, tumbling10), 1)
})

test('times before the epoch belong to windows that begin before it', (t) => {
  //   -10       -1 0
  //     [        ) [
  t.is(newestWindowStart(-1, tumbling10), -10)
  t.is(newestWindowStart(-10, tumbling10), -10)
  t.is(newestWindowStart(-11, tumbling10), -20)
})

test('an offset moves the windows', (t) => {
  //   3         13
  //   [         )
  const shape = { ...tumbling10, offsetMs: 3 }
  t.is(newestWindowStart(2, shape), -7)
  t.is(newestWindowStart(3, shape), 3)
  t.is(newestWindowStart(12, shape), 3)
})

test('a sliding window starts at every slide, and a timestamp is in all that have not ended', (t) => {
  //   0    5    10   15   20
  //   [         )               no: ends at 10
  //        [   12    )
  //             [12       )     newest
  const shape = { sizeMs: 10, slideMs: 5, offsetMs: 0 }
  t.deepEqual(starts(12, shape, windowCount(12, newestWindowStart(12, shape), shape)), [10, 5])
})

test('a slide that does not divide the size gives timestamps a changing number of windows', (t) => {
  const shape = { sizeMs: 10, slideMs: 4, offsetMs: 0 }
  t.deepEqual(starts(8, shape, windowCount(8, 8, shape)), [8, 4, 0])
  t.deepEqual(starts(10, shape, windowCount(10, 8, shape)), [8, 4])
})

test('windows of real timestamps are exact', (t) => {
  const shape = { sizeMs: 86_400_000, slideMs: 1, offsetMs: 0 }
  t.is(newestWindowStart(8_640_000_000_000_000, tumbling10), 8_640_000_000_000_000)
  t.is(newestWindowStart(8_640_000_000_000_000 - 1, tumbling10), 8_640_000_000_000_000 - 10)
  t.is(windowCount(1_763_836_800_123, 1_763_836_800_123, shape), 86_400_000)
})

test('newest start and count give exactly the windows of the definition', (t) => {
  fc.assert(
    fc.property(shapes, fc.integer({ min: -200, max: 200 }), (shape, timestamp) => {
      const newest = newestWindowStart(timestamp, shape)
      t.deepEqual(starts(timestamp, shape, windowCount(timestamp, newest, shape)), startsByDefinition(timestamp, shape))
    }),
  )
})

test('a window closes when the watermark says that only its last millisecond and the lateness are behind', (t) => {
  //   0        9 10    12
  //   [          )     ^ watermark 12: nothing with timestamp <= 12 will follow
  t.is(closingWatermark(0, 10, 0), 9)
  t.is(closingWatermark(0, 10, 3), 12)
})

test('the open windows are the newest ones whose closing watermark is not reached', (t) => {
  fc.assert(
    fc.property(shapes, fc.integer({ min: -200, max: 200 }), fc.nat(30), fc.integer({ min: -80, max: 80 }), (shape, timestamp, latenessMs, ahead) => {
      const watermark = timestamp + ahead
      const open = startsByDefinition(timestamp, shape).filter((start) => watermark < closingWatermark(start, shape.sizeMs, latenessMs))
      const newest = newestWindowStart(timestamp, shape)
      t.deepEqual(starts(timestamp, shape, openWindowCount(timestamp, newest, shape, latenessMs, watermark)), open)
    }),
  )
})

test('before the first watermark all windows are open, and after the last none', (t) => {
  const shape = { sizeMs: 10, slideMs: 5, offsetMs: 0 }
  t.is(openWindowCount(12, 10, shape, 0, -Infinity), 2)
  t.is(openWindowCount(12, 10, shape, 1_000, Infinity), 0)
})
