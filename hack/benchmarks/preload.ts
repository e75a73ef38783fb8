/** Fills the topic that a measure drains. */
import { recordTopic, topicsGone } from '../../runtime/dev/topics.ts'
import { partitionFor } from '../../runtime/formats/key.ts'
import type { KafkaAdmin } from '../../runtime/kafka/admin.ts'
import type { KafkaReader } from '../../runtime/kafka/client.ts'
import type { ConnectedKafka } from '../../runtime/kafka/connect.ts'
import { IdempotentProducer } from '../../runtime/kafka/produce/idempotent.ts'
import { Routes } from '../../runtime/kafka/routes.ts'
import { systemTiming } from '../../runtime/kafka/timing.ts'
import { flushBids, generateBids, type Bid, type BidOptions } from './bids.ts'
import { Totals } from './totals.ts'

export interface PreloadOptions extends BidOptions {
  readonly topic: string
  readonly partitions: number
  readonly windowMs: number
}

/** A topic that stands ready. */
export interface Preloaded {
  readonly topic: string
  /** Those that close the last windows included. */
  readonly records: number
  /** Average size of a value, bytes. */
  readonly valueBytes: number
  /** What the job must make of it. */
  readonly totals: Totals
}

/** As the batches of an ordinary producer under load. */
const batchBytes = 128 * 1024
const flushBytes = 4 * 1024 * 1024

/** Makes the topic and writes the bids, the same ones every time, each in the partition of its key. A topic that is full already is left as it is. */
export async function preload(kafka: ConnectedKafka, admin: KafkaAdmin, options: PreloadOptions): Promise<Preloaded> {
  const { topic, partitions, windowMs } = options
  const full = (await recordsIn(kafka.reader, topic)) === options.records + partitions
  if (!full) {
    await admin.deleteTopics([topic])
    await topicsGone(kafka.reader, [topic], systemTiming)
    await admin.createTopic(recordTopic(topic, partitions))
  }
  await using producer = producerOver(kafka)
  const totals = new Totals(windowMs)
  let records = 0
  let bytes = 0
  const send = ({ auction, dateTime, text }: Bid): void => {
    records++
    bytes += text.length
    if (full) return
    const key = Buffer.from(String(auction))
    const value = Buffer.from(text)
    producer.append(topic, partitionFor(key, 0, key.length, partitions), key, 0, key.length, value, 0, value.length, dateTime, [])
  }
  for (const bid of generateBids(options)) {
    send(bid)
    totals.add(bid.auction, bid.dateTime, bid.price)
    if (producer.bufferedBytes > flushBytes) await producer.flush()
  }
  // Everything before the flush bids is in the log first: a window must not be closed early.
  await producer.flush()
  for (const bid of flushBids(options, windowMs, partitions, (auction) => partitionOf(auction, partitions))) send(bid)
  await producer.flush()
  return { topic, records, valueBytes: bytes / records, totals }
}

async function recordsIn(reader: KafkaReader, topic: string): Promise<number> {
  const partitions = (await reader.describeTopics([topic])).get(topic)?.partitions ?? 0
  const ends = await Promise.all(Array.from({ length: partitions }, (_, partition) => reader.listOffset(topic, partition, 'highWatermark')))
  return ends.reduce((sum, end) => sum + end, 0)
}

function partitionOf(auction: number, partitions: number): number {
  const key = Buffer.from(String(auction))
  return partitionFor(key, 0, key.length, partitions)
}

function producerOver({ transport }: ConnectedKafka): IdempotentProducer {
  const channel = transport.channel()
  const signal = new AbortController().signal
  const routes = new Routes(channel, { timing: systemTiming, patienceMs: 20_000, signal })
  return new IdempotentProducer({ channel, routes, timing: systemTiming, compression: 'zstd', batchBytes })
}
