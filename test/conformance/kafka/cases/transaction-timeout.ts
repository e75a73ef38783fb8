/** What becomes of a transaction that is open for longer than its producer said it would be. */
import type { KafkaUnderTest } from '../client/kafka.ts'
import type { RawProducer } from '../client/producer.ts'
import type { RawTopic } from '../client/topic.ts'
import type { Behaviour } from '../suite.ts'

export function transactionTimeoutCases(behaviour: Behaviour): void {
  behaviour('a transaction that is open for too long is aborted, and not before its time', async (t, kafka) => {
    const began = kafka.now()
    const { topic } = await timedOut(kafka)
    t.true(kafka.now() - began >= 1_000, `aborted after ${kafka.now() - began} ms`)
    t.deepEqual(await topic.batches(), ['a', 'abort'])
  })

  behaviour('the producer of a transaction that was open for too long is fenced', async (t, kafka) => {
    const { topic, producer } = await timedOut(kafka)
    t.is((await producer.write(topic, ['b'])).error, 'INVALID_PRODUCER_EPOCH')
    t.is(await producer.add(topic.at(0)), 'PRODUCER_FENCED')
    t.is(await producer.addOffsets(kafka.uniqueName('group')), 'INVALID_PRODUCER_EPOCH')
    t.is(await producer.end('commit'), 'INVALID_PRODUCER_EPOCH')
    t.is(await producer.end('abort'), 'INVALID_PRODUCER_EPOCH')
    t.is(await topic.end(), 2)
  })

  behaviour('offsets in a transaction that was open for too long are given up with it', async (t, kafka) => {
    const topic = await kafka.topic()
    const group = await kafka.group()
    const producer = await kafka.producer({ timeoutMs: 1_000 })
    t.is(await producer.addAndCommitOffset(group.nobody, topic.at(0), 5), 'NONE')
    t.is(await group.committed(topic.at(0)), 'UNSTABLE_OFFSET_COMMIT')
    t.is(await group.stableCommitted(topic.at(0)), '-1')
  })

  behaviour('the transactional id goes on with the next epoch after a time-out', async (t, kafka) => {
    const { topic, producer } = await timedOut(kafka)
    const { transactionalId, producerId, epoch } = producer.transactional
    const heir = await kafka.producer({ transactionalId })
    t.is(heir.identity.producerId, producerId)
    t.is(heir.identity.epoch, epoch + 2)
    t.is(await heir.addAndWrite(topic, ['of the heir']), 'NONE')
    t.is(await heir.end('commit'), 'NONE')
    await topic.settled()
    t.deepEqual(await topic.values(), ['of the heir'])
  })

  behaviour('a producer with nothing open stays valid beyond its time-out', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.producer({ timeoutMs: 1_000 })
    const other = await kafka.producer({ timeoutMs: 1_000 })
    await other.addAndWrite(topic, ['open'])
    await topic.settled()
    t.is(await producer.addAndWrite(topic, ['a']), 'NONE')
    t.is(await producer.end('commit'), 'NONE')
  })
}

/** A transaction of one second's patience with one record, after the brokers have aborted it. */
async function timedOut(kafka: KafkaUnderTest): Promise<{ readonly topic: RawTopic; readonly producer: RawProducer }> {
  const topic = await kafka.topic()
  const producer = await kafka.producer({ timeoutMs: 1_000 })
  await producer.addAndWrite(topic, ['a'])
  await topic.settled()
  return { topic, producer }
}
