/** Reading on a real broker: isolation, positions, errors, compaction. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { type Admin, CompressionTypes } from 'kafkajs'
import type { BlockFetcher, KafkaClient } from '../../../runtime/kafka/client.ts'
import type { BatchHeader } from '../../../runtime/kafka/batch/header.ts'
import { readBatchHeader } from '../../../runtime/kafka/batch/header.ts'
import { Fetcher } from '../../../runtime/kafka/fetch/fetcher.ts'
import { silent } from '../../../runtime/kafka/log.ts'
import { Routes } from '../../../runtime/kafka/routes.ts'
import { systemTiming } from '../../../runtime/kafka/timing.ts'
import { eventually } from '../../support/eventually.ts'
import { brokers, uniqueName } from '../../support/kafka.ts'
import { stockKafka, withStockAdmin } from '../../support/stock-kafka.ts'
import { codeOf, connect, createTopic, put, valuesOf } from './broker.ts'

test('of interleaved transactions exactly the committed records are read, however small the answers are', async (t) => {
  const client = connect(t)
  const topic = await createTopic(t)
  const expected = await interleave(client, topic, 40)
  for (const readAheadBytes of [64 * 1024 * 1024, 4_000, 600, 1]) {
    const fetcher = fetcherOver(t, client, readAheadBytes)
    fetcher.assign([{ topic, partition: 0, offset: 0 }])
    const end = await client.reader.listOffset(topic, 0, 'highWatermark')
    t.deepEqual(await drain(fetcher, end), expected, `read-ahead of ${readAheadBytes} bytes`)
  }
})

test('an open transaction holds readers back, and its end sets them free', async (t) => {
  const client = connect(t)
  const topic = await createTopic(t)
  const producer = client.transactionalProducer(topic)
  await producer.init()
  put(producer, topic, 'held')
  await producer.flush()
  const other = client.outputProducer()
  put(other, topic, 'plain')
  await other.flush()
  const fetcher = client.fetcher()
  fetcher.assign([{ topic, partition: 0, offset: 0 }])
  t.is(await fetcher.next(600), null)
  t.like(fetcher.ends(topic, 0), { highWatermark: 2, lastStableOffset: 0, logStart: 0 })
  await producer.abort()
  t.deepEqual(await drain(fetcher, 3), ['plain'])
})

test('partitions that stay assigned keep their position and what was read ahead', async (t) => {
  const client = connect(t)
  const topic = await createTopic(t, 2)
  await fill(client, topic, 0, ['a', 'b'])
  await fill(client, topic, 1, ['c'])
  const fetcher = client.fetcher()
  fetcher.assign([{ topic, partition: 0, offset: 0 }])
  t.deepEqual(await drain(fetcher, 2), ['a', 'b'])
  fetcher.assign([
    { topic, partition: 0, offset: 0 },
    { topic, partition: 1, offset: 0 },
  ])
  t.deepEqual(await drain(fetcher, 1), ['c'])
  fetcher.seek(topic, 0, 1)
  const block = await eventually(() => fetcher.take(topic, 0))
  t.is(block.bytes.toString('utf8', block.valueStart[0], block.valueEnd[0]), 'b')
})

test('the partitions that are ready say when their first record happened', async (t) => {
  const client = connect(t)
  const topic = await createTopic(t, 2)
  const producer = client.outputProducer()
  put(producer, topic, 'late', { partition: 0, timestamp: 2_000 })
  put(producer, topic, 'early', { partition: 1, timestamp: 1_000 })
  await producer.flush()
  const fetcher = client.fetcher()
  fetcher.assign([0, 1].map((partition) => ({ topic, partition, offset: 0 })))
  const ready = await eventually(() => (fetcher.ready().length === 2 ? fetcher.ready() : null))
  t.deepEqual(
    ready.toSorted((a, b) => a.partition - b.partition).map(({ timestamp }) => timestamp),
    [2_000, 1_000],
  )
})

test('a position behind the start of the log is an error that names the range', async (t) => {
  const client = connect(t)
  const topic = await createTopic(t)
  await fill(client, topic, 0, ['a', 'b', 'c', 'd'])
  await withAdmin(async (admin) => {
    // Deleting needs the leaders, which only this loads.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '3' }] })
  })
  const fetcher = client.fetcher()
  fetcher.assign([{ topic, partition: 0, offset: 1 }])
  const error = await t.throwsAsync(fetcher.next(10_000))
  t.like(error, { code: 'position-out-of-range', fields: { topic, partition: 0, offset: 1, logStart: 3, highWatermark: 4 } })
  fetcher.seek(topic, 0, 3)
  t.deepEqual(await drain(fetcher, 4), ['d'])
})

test('a position beyond the end of the log is an error too', async (t) => {
  const client = connect(t)
  const topic = await createTopic(t)
  await fill(client, topic, 0, ['a'])
  const fetcher = client.fetcher()
  fetcher.assign([{ topic, partition: 0, offset: 5 }])
  t.is(await codeOf(fetcher.next(10_000)), 'position-out-of-range')
})

test('a topic that does not exist is reported when it stays away, and read when it appears', async (t) => {
  const client = connect(t)
  const topic = uniqueName(t)
  const fetcher = fetcherOver(t, client, 1_000_000, 300)
  fetcher.assign([{ topic, partition: 0, offset: 0 }])
  t.is(await codeOf(fetcher.next(10_000)), 'topic-missing')
  await withAdmin((admin) => admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries: [{ name: 'retention.ms', value: '-1' }] }] }))
  await fill(client, topic, 0, ['a'])
  const values = await eventually(() => drain(fetcher, 1))
  t.deepEqual(values, ['a'])
})

test('a topic that was made again between two requests is not taken for the old one', async (t) => {
  const client = connect(t)
  const topic = await createTopic(t)
  await fill(client, topic, 0, ['a'])
  const topicId = (await client.reader.describeTopics([topic])).get(topic)!.id
  await using first = client.fetcher()
  first.assign([{ topic, topicId, partition: 0, offset: 0 }])
  t.deepEqual(await drain(first, 1), ['a'])
  await first[Symbol.asyncDispose]()
  await withAdmin(async (admin) => {
    await admin.deleteTopics({ topics: [topic] })
    await eventually(async () => !(await admin.listTopics()).includes(topic))
    await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries: [{ name: 'retention.ms', value: '-1' }] }] })
  })
  await fill(connect(t), topic, 0, ['b', 'c'])
  const second = client.fetcher()
  second.assign([{ topic, topicId, partition: 0, offset: 1 }])
  t.is(await codeOf(second.next(10_000)), 'topic-replaced')
})

test('a batch that compaction has emptied is passed', async (t) => {
  const client = connect(t)
  const topic = await createTopic(t, 1, {
    'cleanup.policy': 'compact',
    'segment.ms': '1000',
    'min.cleanable.dirty.ratio': '0.001',
    'max.compaction.lag.ms': '1',
  })
  // The broker keeps the last batch of every producer, without its records when others have replaced them.
  await fill(client, topic, 0, ['replaced'])
  const producer = client.outputProducer()
  await eventually(
    async () => {
      put(producer, topic, 'last', { timestamp: Date.now() })
      await producer.flush()
      return (await firstBatch(client, topic)).count === 0
    },
    { timeoutMs: 60_000, what: 'Compaction' },
  )
  t.true((await valuesOf(client, topic)).every((value) => value === 'last'))
  const fetcher = client.fetcher()
  fetcher.assign([{ topic, partition: 0, offset: 0 }])
  const values = await drain(fetcher, await client.reader.listOffset(topic, 0, 'highWatermark'))
  t.is(values.at(-1), 'last')
})

test('records that another client compressed with gzip are read', async (t) => {
  const client = connect(t)
  const topic = await createTopic(t)
  const producer = stockKafka(brokers()).producer({ createPartitioner: () => () => 0 })
  await producer.connect()
  const values = Array.from({ length: 500 }, (_, i) => `value ${i}`)
  await producer.send({ topic, compression: CompressionTypes.GZIP, messages: values.map((value) => ({ value })) })
  await producer.disconnect()
  t.deepEqual(await valuesOf(client, topic), values)
})

test('a range ends before its last offset, even inside of a batch', async (t) => {
  const client = connect(t)
  const topic = await createTopic(t)
  await fill(client, topic, 0, ['a', 'b', 'c', 'd', 'e'])
  const offsets: number[] = []
  let position = 0
  for await (const block of client.reader.readRange(topic, 0, 1, 4, AbortSignal.timeout(60_000))) {
    offsets.push(...block.offsets.subarray(0, block.count))
    position = block.nextOffset
  }
  t.deepEqual(offsets, [1, 2, 3])
  t.is(position, 4)
})

test('a tail goes on with what comes later, and ends with its signal', async (t) => {
  const client = connect(t)
  const topic = await createTopic(t)
  await fill(client, topic, 0, ['a'])
  const stop = new AbortController()
  const seen: string[] = []
  for await (const block of client.reader.tail(topic, 0, stop.signal)) {
    seen.push(...valuesIn(block))
    if (seen.length === 1) await fill(client, topic, 0, ['b'])
    else stop.abort()
  }
  t.deepEqual(seen, ['a', 'b'])
})

test('offsets are found by time, and the end where nothing is that late', async (t) => {
  const client = connect(t)
  const topic = await createTopic(t)
  const producer = client.outputProducer()
  for (const timestamp of [1_000, 2_000, 3_000]) put(producer, topic, 'x', { timestamp })
  await producer.flush()
  const at = (timestamp: number): Promise<number> => client.reader.listOffset(topic, 0, { timestamp })
  t.deepEqual(await Promise.all([at(0), at(1_500), at(3_000), at(3_001)]), [0, 1, 2, 3])
  t.is(await client.reader.listOffset(topic, 0, 'earliest'), 0)
})

async function interleave(client: KafkaClient, topic: string, rounds: number): Promise<string[]> {
  const producers = [0, 1].map((i) => client.transactionalProducer(`${topic}-${i}`)) as [
    ReturnType<KafkaClient['transactionalProducer']>,
    ReturnType<KafkaClient['transactionalProducer']>,
  ]
  const plain = client.outputProducer()
  await Promise.all(producers.map((producer) => producer.init()))
  const group = { groupId: '', generation: -1, memberId: '', instanceId: null }
  const written: { value: string; producer: number; round: number }[] = []
  const outcomes: boolean[][] = []
  // A fixed sequence that mixes orders, sizes and outcomes.
  let seed = 7
  const pick = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n
  for (let round = 0; round < rounds; round++) {
    for (let i = pick(5); i >= 0; i--) {
      const producer = pick(3)
      const value = `${round}.${i} ${'.'.repeat(pick(40))}`
      const target = producer === 2 ? plain : producers[producer]!
      put(target, topic, value, { key: '\0\0\0\0' })
      await target.flush()
      written.push({ value, producer, round })
    }
    const outcome = [pick(2) === 0, pick(2) === 0]
    outcomes.push(outcome)
    const order = pick(2) === 0 ? [0, 1] : [1, 0]
    for (const i of order) await (outcome[i] === true ? producers[i]!.commit([], group) : producers[i]!.abort())
  }
  return written.filter(({ producer, round }) => producer === 2 || outcomes[round]![producer] === true).map(({ value }) => value)
}

function fetcherOver(t: ExecutionContext, client: ReturnType<typeof connect>, readAheadBytes: number, patienceMs = 30_000): Fetcher {
  const routes = new Routes(client.transport.channel(), { timing: systemTiming, patienceMs: 5_000, signal: new AbortController().signal })
  const fetcher = new Fetcher({ channel: client.transport.channel(), routes, timing: systemTiming, log: silent, readAheadBytes, patienceMs })
  t.teardown(() => fetcher[Symbol.asyncDispose]())
  return fetcher
}

async function firstBatch(client: ReturnType<typeof connect>, topic: string): Promise<BatchHeader> {
  await using channel = client.transport.channel()
  const { id: topicId, partitions: found } = (await channel.metadata([topic])).topics[0]!
  const { leader } = found[0]!
  const partitions = [{ topic, topicId, partition: 0, offset: 0, maxBytes: 1_000_000 }]
  const answer = await channel.fetch(leader, { maxWaitMs: 100, minBytes: 1, maxBytes: 1_000_000, partitions })
  return readBatchHeader(answer.partitions[0]!.records, 0)!
}

/** The values up to a position of one partition. */
async function drain(fetcher: BlockFetcher, to: number): Promise<string[]> {
  const values: string[] = []
  for (let position = 0; position < to;) {
    const block = await fetcher.next(10_000)
    if (block === null) throw new Error(`Nothing came behind offset ${position}`)
    values.push(...valuesIn(block))
    position = block.nextOffset
  }
  return values
}

function valuesIn(block: NonNullable<Awaited<ReturnType<BlockFetcher['next']>>>): string[] {
  return Array.from({ length: block.count }, (_, i) => block.bytes.toString('utf8', block.valueStart[i], block.valueEnd[i]))
}

async function fill(client: KafkaClient, topic: string, partition: number, values: readonly string[]): Promise<void> {
  await using producer = client.outputProducer()
  for (const value of values) put(producer, topic, value, { partition })
  await producer.flush()
}

const withAdmin = <A>(work: (admin: Admin) => Promise<A>): Promise<A> => withStockAdmin(brokers(), work)
