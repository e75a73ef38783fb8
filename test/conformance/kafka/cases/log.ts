/** What is accepted into a log, and where it is found. */
import { layout } from '../../../../runtime/kafka/batch/layout.ts'
import { offsetAt } from '../../../../runtime/kafka/transport.ts'
import { batchesIn, recordsOf } from '../client/batches.ts'
import { errorName } from '../client/errors.ts'
import type { Behaviour } from '../suite.ts'

const hourMs = 3_600_000

export function logCases(behaviour: Behaviour): void {
  behaviour('batches get consecutive offsets, and are read as they were written', async (t, kafka) => {
    const topic = await kafka.topic()
    const first = kafka.batch([{ key: 'a', value: '1', timestamp: 5 }, { key: null, value: '2', timestamp: 3 }, 'x'])
    t.like(await topic.writeBatch(first), { error: 'NONE', baseOffset: 0 })
    t.like(await topic.write(['y']), { error: 'NONE', baseOffset: 3 })
    const { records, highWatermark, lastStableOffset, logStart } = await topic.fetch()
    t.deepEqual({ highWatermark, lastStableOffset, logStart }, { highWatermark: 4, lastStableOffset: 4, logStart: 0 })
    const [batch, next] = batchesIn(records)
    t.deepEqual(records.subarray(layout.crc, batch!.end), first.subarray(layout.crc), 'the broker writes the base offset and the leader epoch only')
    t.deepEqual(recordsOf(batch!).slice(0, 2), [
      { offset: 0, timestamp: 5, key: 'a', value: '1' },
      { offset: 1, timestamp: 3, key: null, value: '2' },
    ])
    t.like(next, { baseOffset: 3, lastOffset: 3 })
  })

  behaviour('what is written by name to a topic or partition that is not there is refused with UNKNOWN_TOPIC_OR_PARTITION', async (t, kafka) => {
    const topic = await kafka.topic()
    t.is((await topic.write(['x'], 1)).error, 'UNKNOWN_TOPIC_OR_PARTITION')
    const partitions = [{ topic: kafka.uniqueName('nowhere'), partition: 0, records: kafka.batch(['x']) }]
    const [answer] = await kafka.channel.produce(topic.leader(0), { transactionalId: null, timeoutMs: 1_000, partitions })
    t.is(errorName(answer!.error), 'UNKNOWN_TOPIC_OR_PARTITION')
  })

  behaviour('a batch with a wrong checksum is refused with CORRUPT_MESSAGE', async (t, kafka) => {
    const topic = await kafka.topic()
    const batch = kafka.batch(['x'])
    batch[batch.length - 2]! ^= 1
    t.is((await topic.writeBatch(batch)).error, 'CORRUPT_MESSAGE')
    t.is(await topic.end(), 0)
  })

  behaviour('a batch larger than the topic allows is refused with MESSAGE_TOO_LARGE, one of exactly that size is not', async (t, kafka) => {
    const batch = kafka.batch(['x'.repeat(2_000)])
    const topic = await kafka.topic({ config: { 'max.message.bytes': `${batch.length}` } })
    t.is((await topic.write(['x'.repeat(2_001)])).error, 'MESSAGE_TOO_LARGE')
    t.is((await topic.writeBatch(batch)).error, 'NONE')
  })

  behaviour(
    'a record more than an hour ahead is refused with INVALID_TIMESTAMP, and none of its batch is kept; any age is accepted',
    async (t, kafka) => {
      const topic = await kafka.topic()
      const now = kafka.target.epochMs()
      const refused = await topic.write([
        { value: 'fine', timestamp: now },
        { value: 'ahead', timestamp: now + hourMs + 60_000 },
      ])
      t.is(refused.error, 'INVALID_TIMESTAMP')
      t.regex(refused.message ?? '', /timestamp/i)
      t.is((await topic.write([{ value: 'nearly', timestamp: now + hourMs - 60_000 }])).error, 'NONE')
      t.is((await topic.write([{ value: 'old', timestamp: 0 }])).error, 'NONE')
      t.is(await topic.end(), 2)
    },
  )

  behaviour('a topic may lift the bound on timestamps, or set one on age', async (t, kafka) => {
    const lifted = await kafka.topic({ config: { 'message.timestamp.after.max.ms': '9223372036854775807' } })
    t.is((await lifted.write([{ value: 'x', timestamp: 4_000_000_000_000 }])).error, 'NONE')
    const bounded = await kafka.topic({ config: { 'message.timestamp.before.max.ms': `${hourMs}` } })
    t.is((await bounded.write([{ value: 'x', timestamp: kafka.target.epochMs() - 2 * hourMs }])).error, 'INVALID_TIMESTAMP')
  })

  behaviour('in a topic with LogAppendTime each record has the time of its arrival, whatever timestamp it came with', async (t, kafka) => {
    const topic = await kafka.topic({ config: { 'message.timestamp.type': 'LogAppendTime' } })
    const before = kafka.target.epochMs()
    await topic.write([
      { value: 'a', timestamp: 4_000_000_000_000 },
      { value: 'b', timestamp: 5 },
    ])
    const times = (await topic.committed()).map(({ timestamp }) => timestamp)
    t.is(times[0], times[1])
    t.true(times[0]! >= before - 1_000 && times[0]! <= kafka.target.epochMs() + 1_000, `${times[0]} is about ${before}`)
  })

  behaviour('a record without a key is refused by a compacted topic with INVALID_RECORD, and none of its batch is kept', async (t, kafka) => {
    const topic = await kafka.topic({ config: { 'cleanup.policy': 'compact' } })
    t.is((await topic.write([{ value: 'a' }, { key: null, value: 'b' }])).error, 'INVALID_RECORD')
    t.is(await topic.end(), 0)
    t.is((await topic.write([{ key: 'k', value: null }])).error, 'NONE')
  })

  behaviour(
    'the offset of a timestamp is that of the first record at or after it, in the order of the log; -1 where there is none',
    async (t, kafka) => {
      const topic = await kafka.topic()
      await topic.write([
        { value: 'a', timestamp: 10 },
        { value: 'b', timestamp: 50 },
        { value: 'c', timestamp: 30 },
      ])
      await topic.write([
        { value: 'd', timestamp: 20 },
        { value: 'e', timestamp: 70 },
      ])
      for (const [timestamp, offset] of [
        [0, 0],
        [10, 0],
        [11, 1],
        [50, 1],
        [51, 4],
        [70, 4],
        [71, -1],
      ] as const) {
        t.deepEqual(await topic.listOffset(timestamp), { error: 'NONE', offset }, `at ${timestamp}`)
      }
    },
  )

  behaviour('offsets are listed beyond open transactions: the end, and those of timestamps', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.producer()
    await producer.addAndWrite(topic, [{ value: 'open', timestamp: 100 }])
    await topic.write([{ value: 'x', timestamp: 200 }])
    t.is(await topic.end(), 2)
    t.like(await topic.listOffset(150), { offset: 1 })
    t.like(await topic.listOffset(100), { offset: 0 })
    t.is((await topic.fetch()).lastStableOffset, 0)
  })

  behaviour('offsets of a partition that is not there are refused with UNKNOWN_TOPIC_OR_PARTITION', async (t, kafka) => {
    const topic = await kafka.topic()
    t.is((await topic.listOffset(offsetAt.earliest, 1)).error, 'UNKNOWN_TOPIC_OR_PARTITION')
  })
}
