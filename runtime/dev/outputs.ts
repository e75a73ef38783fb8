/** Committed records of the output topics: followed while the job runs, or read from first to last into files. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { readHeaders } from '../kafka/batch/headers.ts'
import type { BlockFetcher, KafkaClient, KafkaReader } from '../kafka/client.ts'
import { partitionKey } from '../kafka/records.ts'
import type { RecordBlock } from '../kafka/records.ts'
import type { OutputRecord } from './ndjson.ts'
import { printRecord } from './ndjson.ts'

/** Every committed record of a topic, one partition after the other. Nobody may be writing to it any more. */
export async function* readTopic(reader: KafkaReader, topic: string, signal: AbortSignal): AsyncIterable<OutputRecord> {
  const partitions = (await reader.describeTopics([topic])).get(topic)?.partitions ?? 0
  for (let partition = 0; partition < partitions; partition++) {
    const start = await reader.listOffset(topic, partition, 'earliest')
    const end = await reader.listOffset(topic, partition, 'highWatermark')
    for await (const block of reader.readRange(topic, partition, start, end, signal)) yield* recordsOf(block)
  }
}

/** Writes DIRECTORY/TOPIC.ndjson for each topic, an empty one too. Returns the number of records by topic. */
export async function writeTopics(
  reader: KafkaReader,
  topics: readonly string[],
  directory: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  await mkdir(directory, { recursive: true })
  const counts = new Map<string, number>()
  for (const topic of topics) {
    const file = createWriteStream(join(directory, `${topic}.ndjson`))
    let count = 0
    for await (const record of readTopic(reader, topic, signal)) {
      count++
      if (!file.write(`${printRecord(record)}\n`)) await once(file, 'drain')
    }
    file.end()
    await finished(file)
    counts.set(topic, count)
  }
  return counts
}

/** Follows topics from their present end. */
export class TopicFollower implements AsyncDisposable {
  readonly #fetcher: BlockFetcher
  readonly #reader: KafkaReader
  readonly #positions: Map<string, { readonly topic: string; readonly partition: number; offset: number }>
  readonly #stop = new AbortController()
  readonly #onRecord: (record: OutputRecord) => void
  #running: Promise<void> = Promise.resolve()

  private constructor(
    kafka: KafkaClient,
    positions: readonly { topic: string; partition: number; offset: number }[],
    onRecord: (record: OutputRecord) => void,
  ) {
    this.#reader = kafka.reader
    this.#fetcher = kafka.fetcher()
    this.#positions = new Map(positions.map((at) => [partitionKey(at.topic, at.partition), { ...at }]))
    this.#onRecord = onRecord
  }

  static async start(kafka: KafkaClient, topics: readonly string[], onRecord: (record: OutputRecord) => void): Promise<TopicFollower> {
    const described = await kafka.reader.describeTopics(topics)
    const positions = await Promise.all(
      [...described.values()].flatMap(({ topic, partitions }) =>
        Array.from({ length: partitions }, async (_, partition) => ({
          topic,
          partition,
          offset: await kafka.reader.listOffset(topic, partition, 'highWatermark'),
        })),
      ),
    )
    const follower = new TopicFollower(kafka, positions, onRecord)
    follower.#running = follower.#follow()
    follower.#running.catch(() => {})
    return follower
  }

  /** Reads to the end of the topics, to which nobody may be writing any more, and stops. */
  async finish(): Promise<void> {
    this.#stop.abort()
    await this.#running
    const ends = await Promise.all(
      [...this.#positions.values()].map(async (at) => ({ at, end: await this.#reader.listOffset(at.topic, at.partition, 'highWatermark') })),
    )
    while (ends.some(({ at, end }) => at.offset < end)) this.#take(await this.#fetcher.next(waitMs))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running.catch(() => {})
    await this.#fetcher[Symbol.asyncDispose]()
  }

  async #follow(): Promise<void> {
    this.#fetcher.assign([...this.#positions.values()])
    while (!this.#stop.signal.aborted) this.#take(await this.#fetcher.next(waitMs))
  }

  #take(block: RecordBlock | null): void {
    if (block === null) return
    const at = this.#positions.get(partitionKey(block.topic, block.partition))
    if (at !== undefined) at.offset = block.nextOffset
    for (const record of recordsOf(block)) this.#onRecord(record)
  }
}

/** How long a wait for records may last before it is looked whether to go on. Milliseconds. */
const waitMs = 100

function* recordsOf(block: RecordBlock): Iterable<OutputRecord> {
  const copy = (start: number, end: number): Buffer | null => (start < 0 ? null : Buffer.from(block.bytes.subarray(start, end)))
  for (let i = 0; i < block.count; i++) {
    yield {
      topic: block.topic,
      partition: block.partition,
      offset: block.offsets[i] ?? -1,
      timestamp: block.timestamps[i] ?? -1,
      key: copy(block.keyStart[i] ?? -1, block.keyEnd[i] ?? -1),
      value: copy(block.valueStart[i] ?? -1, block.valueEnd[i] ?? -1),
      headers: readHeaders(block, i).map(({ key, value }) => ({ key, value: value === null ? null : Buffer.from(value) })),
    }
  }
}
