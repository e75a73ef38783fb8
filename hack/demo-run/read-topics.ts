import { readTopic } from '../../runtime/dev/outputs.ts'
import type { KafkaReader } from '../../runtime/kafka/client.ts'
import { connectKafka } from '../../runtime/kafka/connect.ts'
import { partitionKey } from '../../runtime/kafka/records.ts'
import type { Broker } from '../infra/kafka/broker.ts'
import { consoleConsume, type ConsoleRecord } from '../infra/kafka/tools.ts'
import { waitUntil } from '../infra/machine/wait.ts'
import { job, partitions } from './settings.ts'

/** Waits until the job has committed that it has read all input, to which nobody may be writing. */
export async function caughtUp(broker: Broker): Promise<void> {
  await using kafka = connectKafka({ brokers: [broker.address] }, { clientId: 'demo' })
  const input = Array.from({ length: partitions }, (_, partition) => ({ topic: job.input, partition }))
  const ends = await Promise.all(input.map(({ topic, partition }) => kafka.reader.listOffset(topic, partition, 'highWatermark')))
  const isDone = async (): Promise<boolean> => {
    const committed = await kafka.reader.committedOffsets(job.applicationId, input)
    return input.every(({ topic, partition }) => (committed.get(partitionKey(topic, partition))?.offset ?? -1) >= (ends[partition] ?? 0))
  }
  await waitUntil('commit of all input by the job', isDone, 90_000)
}

/** All committed records of a topic, to which nobody may be writing, by Kafka's own console consumer. Throws unless it has read to the end. */
export async function readCommitted(broker: Broker, topic: string): Promise<readonly ConsoleRecord[]> {
  await using kafka = connectKafka({ brokers: [broker.address] }, { clientId: 'demo' })
  const left = await lastOffsets(kafka.reader, topic)
  const records: ConsoleRecord[] = []
  if (left.size === 0) return records
  for await (const record of consoleConsume(broker, topic, idleMs)) {
    records.push(record)
    if (record.offset >= (left.get(record.partition) ?? Infinity)) left.delete(record.partition)
    if (left.size === 0) return records
  }
  throw new Error(`Kafka's console consumer gave up before it had read the topic ${topic} to its end`)
}

/** It ends by itself only when the broker gives it nothing for so long. */
const idleMs = 60_000

/** Offset of the last committed record of each partition that has one: behind it there may be marks of transactions. */
async function lastOffsets(reader: KafkaReader, topic: string): Promise<Map<number, number>> {
  const last = new Map<number, number>()
  for await (const { partition, offset } of readTopic(reader, topic, new AbortController().signal)) last.set(partition, offset)
  return last
}
