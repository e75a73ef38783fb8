import test from 'ava'
import { runningBroker } from '../../hack/infra/kafka/broker.ts'
import { consoleConsume, groupRecords, parseConsoleRecord, transactionStates } from '../../hack/infra/kafka/tools.ts'
import { eventually } from '../support/eventually.ts'
import { brokers, uniqueName } from '../support/kafka.ts'
import { stockKafka, withStockAdmin } from '../support/stock-kafka.ts'

const owner = process.env['STREAMJOB_TEST_OWNER'] === 'dev' ? 'dev' : 'test'
const kafka = stockKafka(brokers())

test('the console consumer gives committed records only, with all that they hold', async (t) => {
  const topic = uniqueName(t)
  await createTopic(topic, 2)
  const producer = kafka.producer({ transactionalId: topic, maxInFlightRequests: 1, idempotent: true })
  t.teardown(() => producer.disconnect())
  await producer.connect()
  const committed = await producer.transaction()
  await committed.send({
    topic,
    messages: [
      { partition: 0, key: 'k:1', value: '{"a":\n1}', timestamp: '1700000000000', headers: { reason: 'late:x', n: '' } },
      { partition: 1, key: null, value: null, timestamp: '5' },
    ],
  })
  await committed.commit()
  const aborted = await producer.transaction()
  await aborted.send({ topic, messages: [{ partition: 0, value: 'aborted' }] })
  await aborted.abort()
  const open = await producer.transaction()
  await open.send({ topic, messages: [{ partition: 1, value: 'open' }] })

  const broker = await runningBroker(owner)
  const records = await Array.fromAsync(consoleConsume(broker!, topic, 10_000))
  t.deepEqual(
    records.sort((a, b) => a.partition - b.partition),
    [
      { partition: 0, offset: 0, timestamp: 1_700_000_000_000, key: 'k:1', value: '{"a":\n1}', headers: { reason: 'late:x', n: '' } },
      { partition: 1, offset: 0, timestamp: 5, key: null, value: null, headers: {} },
    ],
  )
  t.is((await transactionStates(broker!)).get(topic), 'Ongoing')
  await open.abort()
  await eventually(async () => (await transactionStates(broker!)).get(topic) === 'CompleteAbort')
})

test("a group's records in the broker tell its generations and members", async (t) => {
  const topic = uniqueName(t)
  await createTopic(topic, 1)
  const consumer = kafka.consumer({ groupId: topic })
  t.teardown(() => consumer.disconnect())
  await consumer.connect()
  await consumer.subscribe({ topic })
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
  await consumer.run({ eachMessage: async () => {} })
  await joined
  const broker = await runningBroker(owner)
  const records = await groupRecords(broker!, topic, 10_000)
  const last = records.at(-1)
  t.is(last?.generation, 1)
  t.is(last?.members.length, 1)
  t.is(last?.members[0]?.groupInstanceId, null)
})

test('a value may hold our own separator', (t) => {
  t.is(parseConsoleRecord(['CreateTime:1', 'Partition:0', 'Offset:0', 'NO_HEADERS', 'k', 'a', 'b'].join('\x1d')).value, 'a\x1db')
})

function createTopic(topic: string, numPartitions: number): Promise<void> {
  return withStockAdmin(brokers(), async (admin) => {
    await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: false })
    await eventually(async () => (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]?.partitions.length === numPartitions)
  })
}
