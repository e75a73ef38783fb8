/** What a fetch answers: where it begins, how much it gives, how long it waits. */
import { batchesIn } from '../client/batches.ts'
import { errorName } from '../client/errors.ts'
import type { KafkaUnderTest } from '../client/kafka.ts'
import type { RawTopic } from '../client/topic.ts'
import type { Behaviour } from '../suite.ts'

export function fetchCases(behaviour: Behaviour): void {
  behaviour('a fetch inside of a batch gives the whole batch', async (t, kafka) => {
    const topic = await kafka.topic()
    await topic.write(['a', 'b', 'c'])
    await topic.write(['d'])
    const batches = batchesIn((await topic.fetch({ offset: 2 })).records)
    t.deepEqual(
      batches.map(({ baseOffset }) => baseOffset),
      [0, 3],
    )
  })

  behaviour('a fetch at the end of the log gives nothing, one beyond it OFFSET_OUT_OF_RANGE', async (t, kafka) => {
    const topic = await kafka.topic()
    await topic.write(['a', 'b'])
    const atEnd = await topic.fetch({ offset: 2 })
    t.like(atEnd, { error: 'NONE', highWatermark: 2, lastStableOffset: 2, logStart: 0 })
    t.is(atEnd.records.length, 0)
    const beyond = await topic.fetch({ offset: 3, maxWaitMs: 10_000 })
    t.is(beyond.error, 'OFFSET_OUT_OF_RANGE')
    t.is(beyond.records.length, 0)
  })

  behaviour('a fetch before the beginning of the log is answered with OFFSET_OUT_OF_RANGE', async (t, kafka) => {
    const topic = await kafka.topic()
    for (const value of ['a', 'b', 'c']) await topic.write([value])
    t.is((await topic.deleteBefore(2)).error, 'NONE')
    t.is((await topic.fetch({ offset: 1 })).error, 'OFFSET_OUT_OF_RANGE')
    t.like(await topic.fetch({ offset: 2 }), { error: 'NONE', logStart: 2, highWatermark: 3 })
    t.like(await topic.listOffset(-2), { error: 'NONE', offset: 2 })
    t.deepEqual(await topic.values(), ['c'])
  })

  behaviour('a log may begin inside of a batch: what is before its beginning is fetched with the rest', async (t, kafka) => {
    const topic = await kafka.topic()
    await topic.write(['a', 'b', 'c'])
    t.is((await topic.deleteBefore(2)).error, 'NONE')
    t.like(await topic.listOffset(-2), { offset: 2 })
    t.like(batchesIn((await topic.fetch({ offset: 2 })).records)[0], { baseOffset: 0, lastOffset: 2 })
    t.deepEqual(await topic.values(), ['c'])
  })

  behaviour('the first batch is given whole, however small the limits are', async (t, kafka) => {
    const topic = await kafka.topic()
    const batch = kafka.batch(['x'.repeat(500)])
    await topic.writeBatch(batch)
    await topic.write(['b'])
    for (const maxBytes of [1, 100, batch.length]) {
      const { records } = await topic.fetch({ maxBytes })
      t.is(records.length, batch.length, `of ${maxBytes}`)
    }
  })

  behaviour('behind the first batch the answer is cut at the limit, also inside of a batch', async (t, kafka) => {
    const topic = await kafka.topic()
    const batch = kafka.batch(['x'.repeat(200)])
    for (let i = 0; i < 4; i++) await topic.writeBatch(batch)
    const maxBytes = batch.length * 2 + 30
    const { records } = await topic.fetch({ maxBytes })
    t.is(records.length, maxBytes)
    t.deepEqual(
      batchesIn(records).map(({ baseOffset }) => baseOffset),
      [0, 1],
    )
  })

  behaviour('of several partitions the first that has records gets a whole batch, the others only what fits', async (t, kafka) => {
    const topic = await kafka.topic({ partitions: 3 * kafka.target.nodes })
    const ofOneLeader = [...topic.leaders.keys()].filter((partition) => topic.leader(partition) === topic.leader(0))
    const batch = kafka.batch(['x'.repeat(300)])
    for (const partition of ofOneLeader.slice(1, 3)) for (let i = 0; i < 2; i++) await topic.writeBatch(batch, { partition })
    const lengths = async (maxBytes: number, partitionBytes: number): Promise<readonly number[]> => {
      const asked = ofOneLeader.slice(0, 3)
      const partitions = asked.map((partition) => ({ ...topic.at(partition), topicId: topic.topicId, offset: 0, maxBytes: partitionBytes }))
      const answer = await kafka.channel.fetch(topic.leader(0), { maxWaitMs: 0, minBytes: 1, maxBytes, partitions })
      return asked.map((partition) => answer.partitions.find((fetched) => fetched.partition === partition)!.records.length)
    }
    t.deepEqual(await lengths(1, 10_000), [0, batch.length, 0])
    t.deepEqual(await lengths(10_000, 1), [0, batch.length, 0])
    t.deepEqual(await lengths(10_000, batch.length), [0, batch.length, batch.length])
    t.deepEqual(await lengths(3 * batch.length, 10_000), [0, 2 * batch.length, batch.length])
  })

  behaviour('a fetch of a topic id that nobody has is answered with UNKNOWN_TOPIC_ID', async (t, kafka) => {
    const topic = await kafka.topic()
    t.is(await fetchError(kafka, topic, { topicId: '0123456789abcdef0123456789abcdef' }), 'UNKNOWN_TOPIC_ID')
  })

  behaviour('a fetch of a partition that the topic does not have is answered with UNKNOWN_TOPIC_OR_PARTITION', async (t, kafka) => {
    const topic = await kafka.topic()
    t.is(await fetchError(kafka, topic, { partition: 7 }), 'UNKNOWN_TOPIC_OR_PARTITION')
  })

  behaviour('a fetch waits for records as long as it may, and is answered when they come', async (t, kafka) => {
    const topic = await kafka.topic()
    const began = kafka.now()
    t.is((await topic.fetch({ maxWaitMs: 300 })).records.length, 0)
    t.true(kafka.now() - began >= 290, `answered after ${kafka.now() - began} ms`)
    const waiting = topic.fetch({ maxWaitMs: 20_000 }, kafka.openChannel())
    await kafka.target.timing.sleep(50)
    await topic.write(['a'])
    t.is(batchesIn((await waiting).records).length, 1)
    t.true(kafka.now() - began < 10_000)
  })

  behaviour('a fetch waits until there are as many bytes as it wants, or its time is up', async (t, kafka) => {
    const topic = await kafka.topic()
    const batch = kafka.batch(['x'.repeat(100)])
    await topic.writeBatch(batch)
    const waiting = topic.fetch({ minBytes: 2 * batch.length, maxWaitMs: 20_000 }, kafka.openChannel())
    await kafka.target.timing.sleep(50)
    await topic.writeBatch(batch)
    t.is((await waiting).records.length, 2 * batch.length)
    t.is((await topic.fetch({ minBytes: 1_000_000, maxWaitMs: 100 })).records.length, 2 * batch.length)
  })

  behaviour('a fetch at an open transaction waits until that ends', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.producer()
    await producer.addAndWrite(topic, ['a'])
    const waiting = topic.fetch({ maxWaitMs: 20_000 }, kafka.openChannel())
    await topic.write(['of somebody else'])
    t.is((await topic.fetch({ maxWaitMs: 100 })).records.length, 0)
    t.is(await producer.end('commit'), 'NONE')
    const { records, lastStableOffset } = await waiting
    t.is(lastStableOffset, 3)
    t.is(batchesIn(records).length, 3)
  })
}

async function fetchError(
  kafka: KafkaUnderTest,
  topic: RawTopic,
  other: { readonly topicId?: string; readonly partition?: number },
): Promise<string> {
  const partitions = [{ ...topic.at(0), topicId: topic.topicId, offset: 0, maxBytes: 1_000, ...other }]
  const answer = await kafka.channel.fetch(topic.leader(0), { maxWaitMs: 0, minBytes: 1, maxBytes: 1_000, partitions })
  return errorName(answer.error === 0 ? answer.partitions[0]!.error : answer.error)
}
