/** The fetch loop over scripted brokers: what a real one does only at the worst moment. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { StreamJobError } from '../../../runtime/errors.ts'
import { wireError } from '../../../runtime/kafka/broker-errors.ts'
import { layout } from '../../../runtime/kafka/batch/layout.ts'
import { Fetcher } from '../../../runtime/kafka/fetch/fetcher.ts'
import { silent } from '../../../runtime/kafka/log.ts'
import { Routes } from '../../../runtime/kafka/routes.ts'
import type { Timing } from '../../../runtime/kafka/timing.ts'
import { systemTiming } from '../../../runtime/kafka/timing.ts'
import type { FetchedPartition, KafkaChannel, MetadataAnswer } from '../../../runtime/kafka/transport.ts'
import { eventually } from '../../support/eventually.ts'
import { heapInUse } from '../../support/heap.ts'
import { build, placed } from './batches.ts'

const topic = 't'

/** One record at each of ten offsets, and what every broker says of the rest. */
class Broker {
  id = '1'.repeat(32)
  /** By partition; -1: none at the moment. */
  leaders = [1, 1]
  /** Called before each answer to a ListOffsets. */
  listing: () => void | Promise<void> = () => {}
  /** What was asked for. */
  readonly asked: { readonly partitions: readonly number[]; readonly maxWaitMs: number }[] = []
  /** What is fetched of a partition from an offset. */
  answer: (partition: number, offset: number) => Partial<FetchedPartition> = (_partition, offset) => ({ records: from(offset) })

  fetcher(t: ExecutionContext, timing: Timing = systemTiming): Fetcher {
    const channel = {
      metadata: async (): Promise<MetadataAnswer> => this.#metadata(),
      fetch: async (_node, { partitions, maxWaitMs }) => {
        this.asked.push({ partitions: partitions.map(({ partition }) => partition), maxWaitMs })
        await new Promise((resolve) => setTimeout(resolve, 1))
        const rest = { error: 0, highWatermark: 10, lastStableOffset: 10, logStart: 0, aborted: [], records: Buffer.alloc(0) }
        const answerTo = ({ topicId, partition, offset }: (typeof partitions)[number]): FetchedPartition => {
          const answer = topicId === this.id ? this.answer(partition, offset) : { error: wireError.unknownTopicId }
          return { topicId, partition, ...rest, ...answer }
        }
        return { error: 0, partitions: partitions.map(answerTo) }
      },
      listOffsets: async (_node, { partitions }) => {
        await this.listing()
        return partitions.map(({ partition, timestamp }) => ({ topic, partition, error: 0, offset: timestamp === -2 ? 0 : 10 }))
      },
      [Symbol.asyncDispose]: async () => {},
    } satisfies Partial<KafkaChannel> as unknown as KafkaChannel // no other request is sent
    const closing = new AbortController()
    const routes = new Routes(channel, { timing, patienceMs: 1_000, signal: closing.signal })
    const fetcher = new Fetcher({ channel, routes, timing, log: silent, readAheadBytes: 1 })
    t.teardown(async () => {
      closing.abort()
      await fetcher[Symbol.asyncDispose]()
    })
    return fetcher
  }

  #metadata(): MetadataAnswer {
    const partitions = this.leaders.map((leader, partition) => ({ error: leader < 0 ? 5 : 0, partition, leader }))
    return { clusterId: 'c', brokers: [{ node: 1, host: 'h', port: 1 }], topics: [{ error: 0, topic, id: this.id, partitions }] }
  }
}

/** A clock that runs only while somebody sleeps: a hundred times as fast as others work. */
function fastTiming(): Timing {
  let now = 0
  return {
    now: () => now,
    sleep: async (ms, signal) => {
      const until = now + ms
      while (now < until && signal?.aborted !== true) {
        now += 100
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    },
    turn: () => new Promise(setImmediate),
  }
}

function from(offset: number): Buffer {
  const at = (n: number): Buffer => placed(build([{ key: null, value: Buffer.from(`${n}`), timestamp: 1, headers: [] }], null, 'none'), n)
  return Buffer.concat(Array.from({ length: Math.max(0, 10 - offset) }, (_, i) => at(offset + i)))
}

test('a partition that was put back while another one of the same answer was looked into is read from where it was put', async (t) => {
  const broker = new Broker()
  const listing = Promise.withResolvers<void>()
  let asked = false
  broker.listing = () => {
    asked = true
    return listing.promise
  }
  const usual = broker.answer
  broker.answer = (partition, offset) => (partition === 0 && !asked ? { error: wireError.offsetOutOfRange } : usual(partition, offset))
  const fetcher = broker.fetcher(t)
  fetcher.assign([
    { topic, partition: 0, offset: 5 },
    { topic, partition: 1, offset: 5 },
  ])
  await eventually(() => asked)
  fetcher.seek(topic, 1, 2)
  listing.resolve()
  const block = await eventually(() => fetcher.take(topic, 1))
  t.is(block.offsets[0], 2)
})

test('a topic that is made again while it is read is not taken for the old one, even where it has the same offsets', async (t) => {
  const broker = new Broker()
  const fetcher = broker.fetcher(t)
  fetcher.assign([{ topic, topicId: broker.id, partition: 0, offset: 5 }])
  t.is((await fetcher.next(1_000))?.offsets[0], 5)
  const usual = broker.answer
  broker.answer = () => {
    broker.answer = usual
    broker.id = '2'.repeat(32)
    return { error: wireError.unknownTopic }
  }
  const read = async (): Promise<void> => {
    while ((await fetcher.next(1_000)) !== null);
  }
  t.is((await t.throwsAsync(read, { instanceOf: StreamJobError }))?.code, 'topic-replaced')
  t.is(t.throws(() => fetcher.check(), { instanceOf: StreamJobError })?.code, 'topic-replaced')
})

test('a topic that was made again between two requests is not taken for the old one', async (t) => {
  const broker = new Broker()
  const fetcher = broker.fetcher(t)
  fetcher.assign([{ topic, topicId: broker.id, partition: 0, offset: 5 }])
  t.is((await fetcher.next(1_000))?.offsets[0], 5)
  const old = broker.id
  broker.id = '2'.repeat(32)
  fetcher.assign([{ topic, topicId: old, partition: 1, offset: 5 }])
  t.is((await t.throwsAsync(fetcher.next(1_000), { instanceOf: StreamJobError }))?.code, 'topic-replaced')
})

for (const length of [-2_000_000_000, -100, -12, -11, 0, 48]) {
  test(`a batch that says it is ${length} bytes long is told as damaged, once what came before it is read`, async (t) => {
    const broker = new Broker()
    broker.answer = () => {
      const records = from(8)
      records.writeInt32BE(length, records.length / 2 + layout.length)
      return { records }
    }
    const fetcher = broker.fetcher(t)
    fetcher.assign([{ topic, partition: 0, offset: 8 }])
    t.deepEqual([...(await fetcher.next(1_000))!.offsets], [8])
    const error = await t.throwsAsync(fetcher.next(1_000), { instanceOf: StreamJobError, code: 'kafka-protocol' })
    t.regex(error.message, /The record batch at offset 9 is damaged/)
  })
}

test('a partition without a leader is told as such after the patience, and the others of its topic are read meanwhile', async (t) => {
  const broker = new Broker()
  broker.leaders = [-1, 1]
  const fetcher = broker.fetcher(t, fastTiming())
  fetcher.assign([
    { topic, partition: 0, offset: 9 },
    { topic, partition: 1, offset: 9 },
  ])
  t.is((await fetcher.next(10_000))?.partition, 1)
  const error = await t.throwsAsync(fetcher.next(100_000), { instanceOf: StreamJobError, code: 'kafka-retriable' })
  t.is(error.message, 'Fetching t-0: the broker answered LEADER_NOT_AVAILABLE (5): the partition has no leader')
  broker.leaders = [1, 1]
  t.is((await fetcher.next(10_000))?.partition, 0)
})

test('a partition that the topic does not have is told as missing', async (t) => {
  const fetcher = new Broker().fetcher(t, fastTiming())
  fetcher.assign([{ topic, partition: 2, offset: 0 }])
  const error = await t.throwsAsync(fetcher.next(100_000), { instanceOf: StreamJobError, code: 'topic-missing' })
  t.regex(error.message, /^Fetching t-2: the broker answered UNKNOWN_TOPIC_OR_PARTITION/)
})

test('a paused partition gives nothing, is read ahead as far as its part of the bound goes, and then the broker may take its time for the others', async (t) => {
  //   partition 0   paused: fills its part, is left out        resumed: still full, so that the others must not hold the connection
  //   partition 1   has nothing but its first record
  const broker = new Broker()
  const large = placed(build([{ key: null, value: Buffer.alloc(20_000), timestamp: 1, headers: [] }], null, 'none'), 0)
  broker.answer = (partition, offset) => (partition === 0 ? { records: offset === 0 ? large : from(offset) } : offset > 0 ? {} : { records: from(9) })
  const fetcher = broker.fetcher(t)
  fetcher.assign([
    { topic, partition: 0, offset: 0 },
    { topic, partition: 1, offset: 0 },
  ])
  fetcher.pause(topic, 0, true)
  t.like(await fetcher.next(1_000), { topic, partition: 1 })
  await eventually(() => broker.asked.at(-1)?.partitions.length === 1)
  t.is(await fetcher.next(20), null)
  t.deepEqual(fetcher.ready(), [])
  t.deepEqual(broker.asked.at(-1), { partitions: [1], maxWaitMs: 250 })
  t.is(fetcher.ends(topic, 0)?.fetchOffset, 1)

  fetcher.pause(topic, 0, false)
  await eventually(() => broker.asked.at(-1)?.maxWaitMs === 20)
  t.deepEqual(
    fetcher.ready().map(({ partition }) => partition),
    [0],
  )
  t.like(await fetcher.next(1_000), { topic, partition: 0, nextOffset: 1 })
})

test('waiting for records that do not come takes no memory', async (t) => {
  let now = 0
  const timing: Timing = { now: () => now, sleep: async (ms) => void (now += ms), turn: () => Promise.resolve() }
  const fetcher = new Broker().fetcher(t, timing)
  const heapAfter = async (waits: number): Promise<number> => {
    for (let i = 0; i < waits; i++) await fetcher.next(100)
    return heapInUse()
  }
  const before = await heapAfter(1_000)
  t.true((await heapAfter(50_000)) - before < 2_000_000)
})
