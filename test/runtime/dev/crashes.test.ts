import test from 'ava'
import { Crashes } from '../../../runtime/dev/crashes.ts'
import type { LocalJob } from '../../../runtime/dev/local-job.ts'
import type { BlockFetcher, KafkaClient } from '../../../runtime/kafka/client.ts'
import type { RecordBlock } from '../../../runtime/kafka/records.ts'

/** A block of records [from, to). */
function block(from: number, to: number, partition = 0): RecordBlock {
  // What is counted; nobody reads the records.
  return { topic: 't', partition, count: to - from, nextOffset: to } as RecordBlock
}

/** Only what a crash uses of a job. */
class PlayedJob {
  readonly events: string[] = []
  crash(ordinal: number): Promise<boolean> {
    this.events.push(`crash ${ordinal}`)
    return Promise.resolve(true)
  }
  startWorker(ordinal: number): void {
    this.events.push(`start ${ordinal}`)
  }
}

function play(every: number): { crashes: Crashes; job: PlayedJob; fetcher: (ordinal: number, blocks: RecordBlock[]) => BlockFetcher } {
  const timing = { now: () => 0, sleep: () => Promise.resolve(), turn: () => Promise.resolve() }
  const crashes = new Crashes({ every, maxDelayMs: 10, random: () => 0.5, timing })
  const job = new PlayedJob()
  crashes.attach(job as unknown as LocalJob)
  const fetcher = (ordinal: number, blocks: RecordBlock[]): BlockFetcher => {
    const inner = { next: () => Promise.resolve(blocks.shift() ?? null), take: () => blocks.shift() ?? null, ready: () => blocks }
    return crashes.watch(ordinal, { fetcher: () => inner } as unknown as KafkaClient).fetcher()
  }
  return { crashes, job, fetcher }
}

test('a worker dies when so many records were read, and is started again', async (t) => {
  const { crashes, job, fetcher } = play(10)
  const reader = fetcher(1, [block(0, 4), block(4, 9), block(9, 12)])
  await reader.next(0)
  await reader.next(0)
  t.deepEqual(job.events, [])
  t.is((await reader.next(0))?.nextOffset, 12)
  await new Promise((resolve) => setImmediate(resolve))
  t.deepEqual(job.events, ['crash 1', 'start 1'])
  t.is(crashes.count, 1)
})

test('the worker that is about to die is given nothing more', async (t) => {
  const { fetcher } = play(10)
  const reader = fetcher(0, [block(0, 10), block(10, 20)])
  t.is((await reader.next(0))?.nextOffset, 10)
  t.is(await reader.next(0), null)
  t.is(reader.take('t', 0), null)
  t.deepEqual(reader.ready(), [])
})

test('records that are read again do not count, so a job comes to its end', async (t) => {
  const { job, fetcher } = play(10)
  for (let life = 0; life < 5; life++) {
    const reader = fetcher(0, [block(0, 6), block(6, 9)])
    await reader.next(0)
    reader.take('t', 0)
  }
  t.deepEqual(job.events, [])
  await fetcher(0, [block(9, 10)]).next(0)
  await new Promise((resolve) => setImmediate(resolve))
  t.deepEqual(job.events, ['crash 0', 'start 0'])
})

test('records of all partitions and workers count together', async (t) => {
  const { job, fetcher } = play(10)
  await fetcher(0, [block(0, 6, 0)]).next(0)
  await fetcher(1, [block(0, 6, 1)]).next(0)
  await new Promise((resolve) => setImmediate(resolve))
  t.deepEqual(job.events, ['crash 1', 'start 1'])
})

test('after stop nobody dies', async (t) => {
  const { crashes, job, fetcher } = play(10)
  await crashes.stop()
  await fetcher(0, [block(0, 100)]).next(0)
  await new Promise((resolve) => setImmediate(resolve))
  t.deepEqual(job.events, [])
  t.is(crashes.count, 0)
})
