/** Topics have an identity beside their name, and what stood under the name before is not there any more. */
import { errorName } from '../client/errors.ts'
import type { KafkaUnderTest } from '../client/kafka.ts'
import { RawTopic } from '../client/topic.ts'
import type { Behaviour } from '../suite.ts'

export function topicsCases(behaviour: Behaviour): void {
  behaviour(
    'metadata of a topic that is not there says UNKNOWN_TOPIC_OR_PARTITION, of an impossible name INVALID_TOPIC_EXCEPTION',
    async (t, kafka) => {
      const { topics, brokers } = await kafka.channel.metadata([kafka.uniqueName('nowhere')])
      t.deepEqual(
        topics.map(({ error, partitions }) => [errorName(error), partitions.length]),
        [['UNKNOWN_TOPIC_OR_PARTITION', 0]],
      )
      t.is(brokers.length, kafka.target.nodes)
      const [impossible] = (await kafka.channel.metadata(['no topic has: such/a name'])).topics
      t.is(errorName(impossible!.error), 'INVALID_TOPIC_EXCEPTION')
    },
  )

  behaviour('metadata without names tells of the brokers and the cluster alone', async (t, kafka) => {
    const { brokers, clusterId, topics } = await kafka.channel.metadata([])
    t.is(brokers.length, kafka.target.nodes)
    t.not(clusterId, '')
    t.deepEqual(topics, [])
  })

  behaviour('a topic has an id and a leader for each partition', async (t, kafka) => {
    const topic = await kafka.topic({ partitions: 3 })
    t.regex(topic.topicId, /^[0-9a-f]{32}$/)
    t.is(topic.leaders.length, 3)
    t.not(topic.topicId, (await kafka.topic()).topicId)
  })

  behaviour('making a topic that is there leaves it as it is; it is listed', async (t, kafka) => {
    const topic = await kafka.topic({ partitions: 2 })
    await topic.write(['a'])
    const again = await kafka.topic({ topic: topic.topic, partitions: 5 })
    t.is(again.topicId, topic.topicId)
    t.is(again.leaders.length, 2)
    t.deepEqual(await again.values(), ['a'])
    t.true((await kafka.target.admin.listTopics()).includes(topic.topic))
  })

  behaviour('a topic grows by partitions with empty logs, and never shrinks', async (t, kafka) => {
    const topic = await kafka.topic()
    await topic.write(['a'])
    await kafka.target.admin.growTopic(topic.topic, 3)
    const grown = await kafka.until('it has three leaders', async () => {
      const found = await RawTopic.find(kafka, topic.topic)
      return found?.leaders.length === 3 ? found : null
    })
    t.is(grown.topicId, topic.topicId)
    t.deepEqual(await grown.values(0), ['a'])
    t.is((await grown.write(['b'], 2)).error, 'NONE')
    await kafka.target.admin.growTopic(topic.topic, 2)
    t.is((await RawTopic.find(kafka, topic.topic))?.leaders.length, 3)
  })

  behaviour('a topic that was deleted is not there by name nor by id, and deleting it again is fine', async (t, kafka) => {
    const topic = await kafka.topic()
    await topic.write(['a'])
    await deleted(kafka, topic)
    await kafka.until('its log is gone', async () => (await topic.fetch()).error === 'UNKNOWN_TOPIC_ID')
    t.is((await topic.write(['b'])).error, 'UNKNOWN_TOPIC_OR_PARTITION')
    await kafka.target.admin.deleteTopics([topic.topic])
  })

  behaviour('a topic that is made again has another id and an empty log: positions in the old one are not mistaken for its own', async (t, kafka) => {
    const old = await kafka.topic()
    await old.write(['of the old one', 'and more'])
    await deleted(kafka, old)
    const topic = await kafka.topic({ topic: old.topic })
    t.not(topic.topicId, old.topicId)
    t.is((await old.fetch({ offset: 1 })).error, 'UNKNOWN_TOPIC_ID')
    t.is(await topic.end(), 0)
    t.is((await topic.write(['of the new one'])).error, 'NONE')
    t.deepEqual(await topic.values(), ['of the new one'])
  })

  behaviour('a topic that is made again knows nothing of the producers before', async (t, kafka) => {
    const old = await kafka.topic()
    const producer = await kafka.idempotentProducer()
    for (const value of ['a', 'b']) await producer.write(old, [value])
    await deleted(kafka, old)
    const topic = await kafka.topic({ topic: old.topic })
    t.like(await producer.write(topic, ['a'], { sequence: 0 }), { error: 'NONE', baseOffset: 0 })
    t.like(await producer.write(topic, ['b'], { sequence: 1 }), { error: 'NONE', baseOffset: 1 })
  })

  behaviour('committed offsets of a topic go with it', async (t, kafka) => {
    const topic = await kafka.topic()
    const other = await kafka.topic()
    const group = await kafka.group()
    const producer = await kafka.producer()
    for (const at of [topic.at(0), other.at(0)]) await producer.addAndCommitOffset(group.nobody, at, 5)
    await producer.end('commit')
    t.is(await group.stableCommitted(topic.at(0)), '5')
    await deleted(kafka, topic)
    await kafka.until('the offset is gone', async () => (await group.committed(topic.at(0))) === '-1')
    t.is(await group.committed(other.at(0)), '5')
  })

  behaviour('a transaction in a topic that is deleted meanwhile ends, and the producer goes on', async (t, kafka) => {
    const [gone, stays] = [await kafka.topic(), await kafka.topic()]
    const producer = await kafka.producer()
    for (const topic of [gone, stays]) await producer.addAndWrite(topic, ['a'])
    await deleted(kafka, gone)
    t.is(await producer.end('commit'), 'NONE')
    await stays.settled()
    t.deepEqual(await stays.values(), ['a'])
    t.is(await producer.addAndWrite(stays, ['b']), 'NONE')
    t.is(await producer.end('commit'), 'NONE')
  })
}

/** Deletes a topic, and waits until brokers show it no more. */
async function deleted(kafka: KafkaUnderTest, topic: RawTopic): Promise<void> {
  await kafka.target.admin.deleteTopics([topic.topic])
  await kafka.until(
    'the topic is gone',
    async () => errorName((await kafka.channel.metadata([topic.topic])).topics[0]!.error) === 'UNKNOWN_TOPIC_OR_PARTITION',
  )
}
