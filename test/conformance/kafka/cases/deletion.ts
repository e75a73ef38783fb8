/** What DeleteRecords does to a log: where it begins then, and what is left as it was. */
import { offsetAt } from '../../../../runtime/kafka/transport.ts'
import { errorName } from '../client/errors.ts'
import type { Behaviour } from '../suite.ts'

export function deletionCases(behaviour: Behaviour): void {
  behaviour('a log begins at the offset before which records were deleted, and all behind it stays', async (t, kafka) => {
    const topic = await kafka.topic({ partitions: 2 })
    for (const value of ['a', 'b', 'c', 'd']) await topic.write([value])
    await topic.write(['other'], 1)
    t.deepEqual(await topic.deleteBefore(2), { error: 'NONE', logStart: 2 })
    t.like(await topic.listOffset(offsetAt.earliest), { error: 'NONE', offset: 2 })
    t.like(await topic.fetch({ offset: 1 }), { error: 'OFFSET_OUT_OF_RANGE' })
    t.like(await topic.fetch({ offset: 2 }), { error: 'NONE', logStart: 2, lastStableOffset: 4, highWatermark: 4 })
    t.deepEqual(await topic.values(), ['c', 'd'])
    t.like(await topic.write(['e']), { error: 'NONE', baseOffset: 4 })
    t.deepEqual(await topic.values(), ['c', 'd', 'e'])
    t.like(await topic.listOffset(offsetAt.earliest, 1), { offset: 0 })
  })

  behaviour('deleting before an offset again, or before a lower one, changes nothing and says where the log begins', async (t, kafka) => {
    const topic = await kafka.topic()
    for (const value of ['a', 'b', 'c']) await topic.write([value])
    for (const offset of [2, 2, 1, 0]) t.deepEqual(await topic.deleteBefore(offset), { error: 'NONE', logStart: 2 }, `before ${offset}`)
    t.deepEqual(await topic.values(), ['c'])
  })

  behaviour(
    'records can be deleted up to the end of a log, which -1 stands for, and the next one gets the offset that it would have got',
    async (t, kafka) => {
      const topic = await kafka.topic({ partitions: 2 })
      for (const [partition, end] of [3, -1].entries()) {
        await topic.write(['a', 'b', 'c'], partition)
        t.deepEqual(await topic.deleteBefore(end, partition), { error: 'NONE', logStart: 3 })
        t.like(await topic.fetch({ partition, offset: 3 }), { error: 'NONE', logStart: 3, highWatermark: 3 })
        t.like(await topic.write(['d'], partition), { error: 'NONE', baseOffset: 3 })
        t.deepEqual(await topic.values(partition), ['d'])
      }
    },
  )

  behaviour('an offset beyond the end, or a negative one, is refused with OFFSET_OUT_OF_RANGE, and nothing is deleted', async (t, kafka) => {
    const topic = await kafka.topic()
    await topic.write(['a', 'b'])
    for (const offset of [3, 1_000_000_000_000, -2, -7])
      t.deepEqual(await topic.deleteBefore(offset), { error: 'OFFSET_OUT_OF_RANGE', logStart: -1 }, `before ${offset}`)
    t.deepEqual(await topic.values(), ['a', 'b'])
  })

  behaviour('a topic that is only compacted refuses with POLICY_VIOLATION, one that is also deleted from does not', async (t, kafka) => {
    const compacted = await kafka.topic({ config: { 'cleanup.policy': 'compact' } })
    await compacted.write([{ key: 'k', value: 'a' }])
    t.deepEqual(await compacted.deleteBefore(1), { error: 'POLICY_VIOLATION', logStart: -1 })
    t.deepEqual(await compacted.values(), ['a'])
    const both = await kafka.topic({ config: { 'cleanup.policy': 'compact,delete' } })
    await both.write([{ key: 'k', value: 'a' }])
    t.deepEqual(await both.deleteBefore(1), { error: 'NONE', logStart: 1 })
  })

  behaviour(
    'deleting from a topic or partition that is not there is refused with UNKNOWN_TOPIC_OR_PARTITION, beside others that are',
    async (t, kafka) => {
      const topic = await kafka.topic()
      await topic.write(['a', 'b'])
      const nowhere = kafka.uniqueName('nowhere')
      const partitions = [
        { ...topic.at(0), offset: 1 },
        { ...topic.at(7), offset: 1 },
        { topic: nowhere, partition: 0, offset: 1 },
      ]
      const answer = await kafka.channel.deleteRecords(topic.leader(0), { timeoutMs: 10_000, partitions })
      const found = partitions.map((asked) => answer.find((one) => one.topic === asked.topic && one.partition === asked.partition)!)
      t.deepEqual(
        found.map(({ error, logStart }) => [errorName(error), logStart]),
        [
          ['NONE', 1],
          ['UNKNOWN_TOPIC_OR_PARTITION', -1],
          ['UNKNOWN_TOPIC_OR_PARTITION', -1],
        ],
      )
    },
  )

  behaviour('records of an open transaction can be deleted: it is committed all the same, and readers go on behind it', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.producer()
    await producer.addAndWrite(topic, ['a'])
    await producer.write(topic, ['b'])
    await topic.write(['plain'])
    t.deepEqual(await topic.stable(), [0, 3])
    t.deepEqual(await topic.deleteBefore(1), { error: 'NONE', logStart: 1 })
    t.deepEqual(await topic.stable(), [1, 3])
    t.is(await producer.finish('commit'), 'NONE')
    t.is(await topic.settled(), 4)
    t.deepEqual(await topic.values(), ['b', 'plain'])
  })

  behaviour(
    'where an open transaction began before the log does, the last stable offset is the first one of the batch that the log begins in',
    async (t, kafka) => {
      const topic = await kafka.topic()
      const producer = await kafka.producer()
      await producer.addAndWrite(topic, ['a', 'b'])
      await topic.write(['c', 'd', 'e'])
      for (const [before, stable] of [
        [1, 0],
        [2, 2],
        [4, 2],
      ] as const) {
        t.deepEqual(await topic.deleteBefore(before), { error: 'NONE', logStart: before })
        t.deepEqual(await topic.stable(), [stable, 5], `before ${before}`)
      }
      t.is(await producer.finish('commit'), 'NONE')
      t.is(await topic.settled(), 6)
      t.deepEqual(await topic.values(), ['e'])
    },
  )

  behaviour('what is left of an aborted transaction stays unread when its beginning is deleted', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.producer()
    await producer.addAndWrite(topic, ['a'])
    await producer.write(topic, ['b'])
    await topic.write(['plain'])
    t.is(await producer.finish('abort'), 'NONE')
    t.is(await topic.settled(), 4)
    t.deepEqual(await topic.deleteBefore(1), { error: 'NONE', logStart: 1 })
    t.deepEqual(await topic.values(), ['plain'])
    t.deepEqual(await topic.deleteBefore(3), { error: 'NONE', logStart: 3 })
    t.deepEqual(await topic.values(), [])
  })

  behaviour(
    'a producer whose records were all deleted goes on with its next sequence number, and its last batch is still known',
    async (t, kafka) => {
      const topic = await kafka.topic()
      const producer = await kafka.idempotentProducer()
      await producer.write(topic, ['a', 'b'])
      t.deepEqual(await topic.deleteBefore(-1), { error: 'NONE', logStart: 2 })
      t.like(await producer.write(topic, ['a', 'b'], { sequence: 0 }), { error: 'NONE', baseOffset: 0 })
      t.is(await topic.end(), 2)
      t.is((await producer.write(topic, ['x'], { sequence: 5 })).error, 'OUT_OF_ORDER_SEQUENCE_NUMBER')
      t.like(await producer.write(topic, ['c']), { error: 'NONE', baseOffset: 2 })
    },
  )
}
