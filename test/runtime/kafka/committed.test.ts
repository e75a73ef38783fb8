/** What a read-committed reader sees, against a model of a log with two producers. */
import test from 'ava'
import fc from 'fast-check'
import type { AbortedTransaction } from '../../../runtime/kafka/transport.ts'
import { PartitionRead } from '../../../runtime/kafka/fetch/partition.ts'
import { build, marker, placed } from './batches.ts'

interface Log {
  readonly batches: readonly { readonly bytes: Buffer; readonly first: number; readonly last: number }[]
  /** In the order of their markers, as brokers list them. */
  readonly aborted: readonly (AbortedTransaction & { readonly markerOffset: number })[]
  readonly committed: readonly number[]
  readonly end: number
}

type Step = { readonly producer: 0 | 1 | 2; readonly count: number } | { readonly end: 0 | 1; readonly commit: boolean }

/** Producer 2 writes outside of transactions, keys like those of markers. */
const steps = fc.array(
  fc.oneof(
    fc.record({ producer: fc.constantFrom(0 as const, 1 as const, 2 as const), count: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ end: fc.constantFrom(0 as const, 1 as const), commit: fc.boolean() }),
  ),
  { minLength: 1, maxLength: 40 },
)

test('exactly the committed records are delivered, in order, wherever answers begin and end', (t) => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 6 }), fc.nat(20), (given, batchesPerAnswer, start) => {
      const log = logOf(given)
      const from = Math.min(start, log.end)
      const read = new PartitionRead('t', 0, from)
      const seen: number[] = []
      while (read.fetchOffset < log.end) {
        t.true(read.accept(answerAt(log, read.fetchOffset, batchesPerAnswer), 0, 0))
        for (let block = read.take(); block !== null; block = read.take()) seen.push(...block.offsets.subarray(0, block.count))
        t.is(read.queuedBytes, 0)
        t.is(read.position, read.fetchOffset)
      }
      t.deepEqual(
        seen,
        log.committed.filter((offset) => offset >= from),
      )
    }),
    { numRuns: 1_000 },
  )
})

test('a batch that compaction has emptied moves the position behind it', (t) => {
  const batch = build([record('a'), record('b'), record('c')], null, 'none')
  const read = new PartitionRead('t', 0, 5)
  read.accept(answer(placed(batch, 5, { empty: true }), []), 0, 0)
  t.like(read.take(), { count: 0, nextOffset: 8 })
  t.is(read.take(), null)
  t.is(read.position, 8)
})

test('an answer that holds no whole batch changes nothing', (t) => {
  const batch = placed(build([record('a')], null, 'none'), 0)
  const read = new PartitionRead('t', 0, 0)
  t.false(read.accept(answer(batch.subarray(0, batch.length - 1), []), 0, 0))
  t.is(read.fetchOffset, 0)
  t.is(read.take(), null)
})

test('the marker right behind a block is part of it, so that whoever has read the block is at the end', (t) => {
  const batch = placed(build([record('a')], { producerId: 7, epoch: 0, sequence: 0, transactional: true }, 'none'), 0)
  const read = new PartitionRead('t', 0, 0)
  read.accept(answer(Buffer.concat([batch, marker(1, 7, 'commit')]), []), 0, 0)
  t.like(read.take(), { count: 1, nextOffset: 2 })
  t.is(read.take(), null)
})

test('a batch that cannot be read is never passed, and does not take the block before it along', (t) => {
  const [first, broken, last] = [0, 1, 2].map((at) => placed(build([record('a')], null, 'none'), at))
  const codec = 7
  for (const damaged of [placed(broken!, 1, { attributes: codec }), flipped(broken!)]) {
    const read = new PartitionRead('t', 0, 0)
    read.accept(answer(Buffer.concat([first!, damaged, last!]), []), 0, 0)
    t.like(read.take(), { count: 1, nextOffset: 1 })
    for (let again = 0; again < 3; again++) t.throws(() => read.take(), { message: /record batch/ })
    t.is(read.position, 1)
  }
})

test('seeking drops what was fetched ahead', (t) => {
  const read = new PartitionRead('t', 0, 0)
  read.accept(answer(placed(build([record('a'), record('b')], null, 'none'), 0), []), 0, 0)
  read.seek(1)
  t.is(read.take(), null)
  t.is(read.queuedBytes, 0)
  read.accept(answer(placed(build([record('a'), record('b')], null, 'none'), 0), []), 0, 0)
  t.deepEqual([...read.take()!.offsets].slice(0, 1), [1])
})

function logOf(given: readonly Step[]): Log {
  const batches: { bytes: Buffer; first: number; last: number }[] = []
  const aborted: (AbortedTransaction & { markerOffset: number })[] = []
  const committed: number[] = []
  const open = new Map<number, number[]>()
  let at = 0
  const put = (bytes: Buffer, count: number): void => {
    batches.push({ bytes, first: at, last: at + count - 1 })
    at += count
  }
  const endTransaction = (producer: number, commit: boolean): void => {
    const offsets = open.get(producer)
    if (offsets === undefined) return
    if (commit) committed.push(...offsets)
    else aborted.push({ producerId: producer, firstOffset: offsets[0]!, markerOffset: at })
    open.delete(producer)
    put(marker(at, producer, commit ? 'commit' : 'abort'), 1)
  }
  for (const step of given) {
    if ('end' in step) {
      endTransaction(step.end, step.commit)
      continue
    }
    const { producer, count } = step
    const offsets = Array.from({ length: count }, (_, i) => at + i)
    const records = offsets.map(() => record('\0\0\0\0'))
    if (producer === 2) committed.push(...offsets)
    else open.set(producer, [...(open.get(producer) ?? []), ...offsets])
    const stamp = producer === 2 ? null : { producerId: producer, epoch: 0, sequence: 0, transactional: true }
    put(placed(build(records, stamp, 'none'), at), count)
  }
  // Up to the last stable offset only, which an open transaction would hold back.
  for (const producer of open.keys()) endTransaction(producer, true)
  return { batches, aborted, committed: committed.toSorted((a, b) => a - b), end: at }
}

/** As brokers answer: from the batch that holds the offset, with the aborted transactions that reach into what is sent. */
function answerAt(log: Log, offset: number, count: number): ReturnType<typeof answer> {
  const sent = log.batches.filter((batch) => batch.last >= offset).slice(0, count)
  const last = sent.at(-1)?.last ?? offset
  const aborted = log.aborted.filter((transaction) => transaction.markerOffset >= offset && transaction.firstOffset <= last)
  return answer(Buffer.concat(sent.map((batch) => batch.bytes)), aborted)
}

function answer(records: Buffer, aborted: readonly AbortedTransaction[]) {
  return { topicId: '', partition: 0, error: 0, highWatermark: 0, lastStableOffset: 0, logStart: 0, aborted, records }
}

function record(key: string) {
  return { key: Buffer.from(key), value: Buffer.from('v'), timestamp: 1_700_000_000_000, headers: [] }
}

/** With a bit that is not as it was written. */
function flipped(batch: Buffer): Buffer {
  const copy = Buffer.from(batch)
  copy[copy.length - 1]! ^= 1
  return copy
}
