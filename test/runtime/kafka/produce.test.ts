/** What a producer holds, and sends, over a scripted broker. */
import test from 'ava'
import { wireError } from '../../../runtime/kafka/broker-errors.ts'
import { IdempotentProducer } from '../../../runtime/kafka/produce/idempotent.ts'
import { Routes } from '../../../runtime/kafka/routes.ts'
import { systemTiming } from '../../../runtime/kafka/timing.ts'
import type { KafkaChannel, MetadataAnswer } from '../../../runtime/kafka/transport.ts'

/** A broker that takes batches of so many bytes. */
function brokerFor(mostBytes: number): KafkaChannel {
  const partitions = [{ error: 0, partition: 0, leader: 1 }]
  const metadata: MetadataAnswer = {
    clusterId: 'c',
    brokers: [{ node: 1, host: 'h', port: 1 }],
    topics: [{ error: 0, topic: 't', id: '1'.repeat(32), partitions }],
  }
  return {
    metadata: async () => metadata,
    initProducerId: async () => ({ error: 0, producerId: 1, epoch: 0 }),
    produce: async (_node, request) =>
      request.partitions.map(({ topic, partition, records }) => {
        const error = records.length > mostBytes ? wireError.messageTooLarge : wireError.none
        return { topic, partition, error, baseOffset: 0, message: null }
      }),
    [Symbol.asyncDispose]: async () => {},
  } satisfies Partial<KafkaChannel> as unknown as KafkaChannel // no other request is sent
}

test('a producer holds nothing once all is sent, also where batches had to be split', async (t) => {
  const channel = brokerFor(400)
  const routes = new Routes(channel, { timing: systemTiming, patienceMs: 1_000, signal: new AbortController().signal })
  await using producer = new IdempotentProducer({ channel, routes, timing: systemTiming })
  const value = Buffer.alloc(100)
  for (let i = 0; i < 20; i++) producer.append('t', 0, null, 0, 0, value, 0, value.length, 1_700_000_000_000, [])
  t.true(producer.bufferedBytes > 2_000)
  await producer.flush()
  t.is(producer.bufferedBytes, 0)
})
