/** Fencing another producer, over a scripted broker. */
import test from 'ava'
import { wireError } from '../../../runtime/kafka/broker-errors.ts'
import { clientOver } from '../../../runtime/kafka/connect.ts'
import type { KafkaChannel } from '../../../runtime/kafka/transport.ts'

const invalidTransactionTimeout = 50

test('a worker fences others on brokers that allow for no longer transactions than its own', async (t) => {
  const mostMs = 30_000
  const channel = {
    findCoordinator: async () => ({ error: 0, node: 1 }),
    initProducerId: async (_node, { transactionTimeoutMs }) => {
      const error = transactionTimeoutMs > mostMs ? invalidTransactionTimeout : wireError.none
      return { error, producerId: 1, epoch: 0 }
    },
    [Symbol.asyncDispose]: async () => {},
  } satisfies Partial<KafkaChannel> as unknown as KafkaChannel // no other request is sent
  await using client = clientOver({ channel: () => channel, [Symbol.asyncDispose]: async () => {} }, { transactionTimeoutMs: mostMs })
  await t.notThrowsAsync(client.transactionalProducer('worker.0').init())
  await t.notThrowsAsync(client.reader.fence('worker.1'))
})
