/** Fills the topics that measures drain. */
import { recordTopic, topicsGone, topicsThere } from '../../../runtime/dev/topics.ts'
import { partitionFor } from '../../../runtime/formats/key.ts'
import type { KafkaAdmin } from '../../../runtime/kafka/admin.ts'
import type { KafkaReader } from '../../../runtime/kafka/client.ts'
import type { ConnectedKafka } from '../../../runtime/kafka/connect.ts'
import { IdempotentProducer } from '../../../runtime/kafka/produce/idempotent.ts'
import { Routes } from '../../../runtime/kafka/routes.ts'
import { systemTiming } from '../../../runtime/kafka/timing.ts'
import type { Input } from '../cases.ts'
import { flushRecords, recordsOf, type InputRecord, type InputValue } from './records.ts'

/** A topic that stands ready. */
export interface Preloaded {
  readonly topic: string
  /** Those that close the last windows included. */
  readonly records: number
  /** Average size of a value, bytes. */
  readonly valueBytes: number
}

/** One topic for each input: cases that read the same records share it. */
export const topicOf = ({ of, records, keys, perMillisecond, partitions }: Input): string =>
  `${of}-${records}-${keys}-${perMillisecond}-${partitions}`

/** As the batches of an ordinary producer under load. */
const batchBytes = 128 * 1024
const flushBytes = 4 * 1024 * 1024
/** The longest window of any case, and the longest gap of sessions. */
const longestWindowMs = 10_000

/**
 * Makes the topic and writes the records, the same ones every time, each in the partition of its key. A topic that is full already is left as it is.
 * @param seen Is given every record of the topic.
 */
export async function preload(kafka: ConnectedKafka, admin: KafkaAdmin, input: Input, seen: (value: InputValue) => void): Promise<Preloaded> {
  const topic = topicOf(input)
  const { partitions } = input
  const full = (await recordsIn(kafka.reader, topic)) === input.records + partitions
  if (!full) {
    await admin.deleteTopics([topic])
    await topicsGone(kafka.reader, [topic], systemTiming)
    await admin.createTopic(recordTopic(topic, partitions))
    await topicsThere(kafka.reader, [topic], systemTiming)
  }
  await using producer = producerOver(kafka)
  let records = 0
  let bytes = 0
  const send = ({ key: id, dateTime, value: content }: InputRecord): void => {
    seen(content)
    const text = JSON.stringify(content)
    records++
    bytes += text.length
    if (full) return
    const key = Buffer.from(String(id))
    const value = Buffer.from(text)
    producer.append(topic, partitionFor(key, 0, key.length, partitions), key, 0, key.length, value, 0, value.length, dateTime, [])
  }
  for (const record of recordsOf(input)) {
    send(record)
    if (producer.bufferedBytes > flushBytes) await producer.flush()
  }
  // Everything before the flush is in the log first: a window must not be closed early.
  await producer.flush()
  for (const record of flushRecords(input, longestWindowMs, (key) => partitionOf(key, partitions))) send(record)
  await producer.flush()
  return { topic, records, valueBytes: bytes / records }
}

async function recordsIn(reader: KafkaReader, topic: string): Promise<number> {
  const partitions = (await reader.describeTopics([topic])).get(topic)?.partitions ?? 0
  const ends = await Promise.all(Array.from({ length: partitions }, (_, partition) => reader.listOffset(topic, partition, 'highWatermark')))
  return ends.reduce((sum, end) => sum + end, 0)
}

/** Where Kafka's default partitioner puts the records of a key. */
export function partitionOf(id: number, partitions: number): number {
  const key = Buffer.from(String(id))
  return partitionFor(key, 0, key.length, partitions)
}

/** A producer that writes each record once, in zstd, outside of transactions. */
export function producerOver({ transport }: ConnectedKafka): IdempotentProducer {
  const channel = transport.channel()
  const signal = new AbortController().signal
  const routes = new Routes(channel, { timing: systemTiming, patienceMs: 20_000, signal })
  return new IdempotentProducer({ channel, routes, timing: systemTiming, compression: 'zstd', batchBytes })
}
