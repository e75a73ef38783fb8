/** A client and topics on the real broker for one test, gone when it ends. */
import type { ExecutionContext } from 'ava'
import { topicsThere } from '../../../runtime/dev/topics.ts'
import { StreamJobError } from '../../../runtime/errors.ts'
import type { KafkaClient, TransactionalProducer } from '../../../runtime/kafka/client.ts'
import type { KafkaClientOptions } from '../../../runtime/kafka/connect.ts'
import { clientOver } from '../../../runtime/kafka/connect.ts'
import { connectAdmin } from '../../../runtime/kafka/kafkajs/admin.ts'
import { KafkajsTransport } from '../../../runtime/kafka/kafkajs/transport.ts'
import { silent } from '../../../runtime/kafka/log.ts'
import { systemTiming } from '../../../runtime/kafka/timing.ts'
import type { KafkaTransport } from '../../../runtime/kafka/transport.ts'
import { brokers, uniqueName } from '../../support/kafka.ts'

export function connect(t: ExecutionContext, options: KafkaClientOptions & { readonly around?: (transport: KafkaTransport) => KafkaTransport } = {}) {
  const transport = new KafkajsTransport({ brokers: brokers() }, { clientId: 'test', log: silent })
  const client = clientOver(options.around?.(transport) ?? transport, options)
  t.teardown(() => client[Symbol.asyncDispose]())
  return client
}

/** A topic that the broker shows: a busy one learns of it some time after it was made. */
export async function createTopic(t: ExecutionContext, partitions = 1, config: Record<string, string> = {}): Promise<string> {
  const topic = uniqueName(t)
  await using admin = connectAdmin({ brokers: brokers() }, { clientId: 'test' })
  await admin.createTopic({ topic, partitions, replicationFactor: 1, config: { 'retention.ms': '-1', ...config } })
  await using client = clientOver(new KafkajsTransport({ brokers: brokers() }, { clientId: 'test', log: silent }), {})
  await topicsThere(client.reader, [topic], systemTiming)
  return topic
}

export function put(
  producer: Pick<TransactionalProducer, 'append'>,
  topic: string,
  value: string,
  { partition = 0, key = 'k', timestamp = 1_700_000_000_000 } = {},
): void {
  const keyBytes = Buffer.from(key)
  const valueBytes = Buffer.from(value)
  producer.append(topic, partition, keyBytes, 0, keyBytes.length, valueBytes, 0, valueBytes.length, timestamp, [])
}

/** The values of all committed records. */
export async function valuesOf(client: KafkaClient, topic: string, partition = 0): Promise<string[]> {
  const values: string[] = []
  const end = await client.reader.listOffset(topic, partition, 'highWatermark')
  let position = 0
  for await (const block of client.reader.readRange(topic, partition, 0, end, AbortSignal.timeout(60_000))) {
    for (let i = 0; i < block.count; i++) values.push(block.bytes.toString('utf8', block.valueStart[i], block.valueEnd[i]))
    position = block.nextOffset
  }
  if (position < end) throw new Error(`${topic}-${partition} was read to ${position} only, and ends at ${end}`)
  return values
}

export async function codeOf(work: Promise<unknown>): Promise<string | null> {
  try {
    await work
    return null
  } catch (error) {
    if (error instanceof StreamJobError) return error.code
    throw error
  }
}
