/**
 * Which topics local runs of a job have made. It is written down in the job's own topic, so that a later run can begin afresh: it deletes those topics,
 * and never one that anybody else has made, under whatever name.
 */
import { z } from 'zod'
import type { KafkaAdmin, NewTopic } from '../kafka/admin.ts'
import type { KafkaClient, TopicDescription } from '../kafka/client.ts'
import type { Timing } from '../kafka/timing.ts'
import { names } from '../protocol.ts'
import { ownTopics, topicsGone, topicsThere } from './topics.ts'

export interface MadeTopicsOptions {
  readonly kafka: KafkaClient
  readonly admin: KafkaAdmin
  readonly timing: Timing
  /** Epoch ms. */
  readonly clock: () => number
}

const Made = z.object({
  formatVersion: z.literal(1),
  topics: z.array(
    z.object({
      topic: z.string(),
      /** Null: it was about to be made. A topic of the same name and another id is somebody else's. */
      id: z.string().nullable(),
    }),
  ),
})
const madeKey = 'local-run'

export class MadeTopics {
  readonly #options: MadeTopicsOptions
  readonly #applicationId: string
  #made: ReadonlyMap<string, string | null> = new Map()

  private constructor(options: MadeTopicsOptions, applicationId: string) {
    this.#options = options
    this.#applicationId = applicationId
  }

  /** What the runs before have made. */
  static async read(options: MadeTopicsOptions, applicationId: string, signal: AbortSignal): Promise<MadeTopics> {
    const topics = new MadeTopics(options, applicationId)
    topics.#made = await readMade(options.kafka, applicationId, signal)
    return topics
  }

  /** Whether the topic, as it is now, was made here. */
  owns({ topic, id }: TopicDescription): boolean {
    return this.#made.has(topic) && (this.#made.get(topic) ?? id) === id
  }

  /** Makes those that are missing, and returns their names; all of them are there then. */
  async make(topics: readonly NewTopic[]): Promise<readonly string[]> {
    const { kafka, admin, timing } = this.#options
    const [jobTopic] = ownTopics(this.#applicationId, 1, [], new Map())
    if (jobTopic === undefined) return []
    const all = topics.map(({ topic }) => topic)
    const present = await kafka.reader.describeTopics([jobTopic.topic, ...all])
    if (!present.has(jobTopic.topic)) {
      await admin.createTopic(jobTopic)
      await topicsThere(kafka.reader, [jobTopic.topic], timing)
    }
    const missing = topics.filter(({ topic }) => !present.has(topic) && topic !== jobTopic.topic)
    if (missing.length === 0) return []
    await this.#remember(missing.map(({ topic }) => [topic, null]))
    for (const topic of missing) await admin.createTopic(topic)
    const made = await topicsThere(kafka.reader, all, timing)
    await this.#remember(missing.map(({ topic }) => [topic, made.get(topic)?.id ?? null]))
    return missing.map(({ topic }) => topic)
  }

  /** Deletes what was made here but for `keep`, and `more`; the job topic last, so that being interrupted loses no note of the rest. */
  async deleteAll(keep: ReadonlySet<string>, more: readonly string[]): Promise<void> {
    const { kafka, admin, timing } = this.#options
    const present = await kafka.reader.describeTopics([...this.#made.keys()])
    const ours = [...present.values()].filter((topic) => this.owns(topic) && !keep.has(topic.topic)).map(({ topic }) => topic)
    for (const some of [[...ours, ...more.filter((topic) => !ours.includes(topic))], [names.jobTopic(this.#applicationId)]]) {
      await admin.deleteTopics(some)
      await topicsGone(kafka.reader, some, timing)
    }
    const kept = [...this.#made].filter(([topic]) => keep.has(topic))
    this.#made = new Map(kept)
    if (kept.length === 0) return
    await this.make([])
    await this.#remember([])
  }

  /** Whether a local run of any job has made the topic. */
  async ownsAny(topic: TopicDescription, signal: AbortSignal): Promise<boolean> {
    if (this.owns(topic)) return true
    const { kafka, admin } = this.#options
    for (const jobTopic of (await admin.listTopics()).filter((name) => name.endsWith('.job'))) {
      const made = await readMade(kafka, jobTopic.slice(0, -'.job'.length), signal)
      if (made.get(topic.topic) === topic.id) return true
    }
    return false
  }

  async #remember(topics: readonly (readonly [topic: string, id: string | null])[]): Promise<void> {
    const { kafka, clock } = this.#options
    this.#made = new Map([...this.#made, ...topics])
    const made: z.infer<typeof Made> = { formatVersion: 1, topics: [...this.#made].map(([topic, id]) => ({ topic, id })) }
    const key = Buffer.from(madeKey)
    const value = Buffer.from(JSON.stringify(made))
    await using producer = kafka.outputProducer()
    producer.append(names.jobTopic(this.#applicationId), 0, key, 0, key.length, value, 0, value.length, clock(), [])
    await producer.flush()
  }
}

async function readMade({ reader }: KafkaClient, applicationId: string, signal: AbortSignal): Promise<ReadonlyMap<string, string | null>> {
  const topic = names.jobTopic(applicationId)
  if (!(await reader.describeTopics([topic])).has(topic)) return new Map()
  const from = await reader.listOffset(topic, 0, 'earliest')
  const to = await reader.listOffset(topic, 0, 'highWatermark')
  let newest: ReadonlyMap<string, string | null> = new Map()
  for await (const block of reader.readRange(topic, 0, from, to, signal)) {
    for (let i = 0; i < block.count; i++) {
      if ((block.keyStart[i] ?? -1) < 0 || (block.valueStart[i] ?? -1) < 0) continue
      if (block.bytes.toString('utf8', block.keyStart[i], block.keyEnd[i]) !== madeKey) continue
      const made = Made.safeParse(parseJson(block.bytes.toString('utf8', block.valueStart[i], block.valueEnd[i])))
      if (made.success) newest = new Map(made.data.topics.map((one) => [one.topic, one.id]))
    }
  }
  signal.throwIfAborted()
  return newest
}

/** Undefined for what is no JSON: the topic may be anybody's. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
