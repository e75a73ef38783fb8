/** Scripts of transactional requests at random: whoever plays one writes down every answer, and two clusters have to give the same. */
import fc from 'fast-check'
import type { TestRecord } from '../client/batches.ts'
import { batchesIn, committedIn, describeBatch } from '../client/batches.ts'
import type { RawGroup } from '../client/group.ts'
import type { KafkaUnderTest } from '../client/kafka.ts'
import type { RawProducer } from '../client/producer.ts'
import type { RawTopic } from '../client/topic.ts'

/** `who` counts producers in the order in which they began, from the newest one backwards: 0 is valid for its id, the others may be zombies. */
export type TransactionStep =
  | { readonly kind: 'init'; readonly id: number }
  | { readonly kind: 'add'; readonly who: number; readonly partitions: readonly number[] }
  /** `added`: first the partition is added to the transaction, as it should be. */
  | {
      readonly kind: 'write'
      readonly added: boolean
      readonly who: number
      readonly partition: number
      readonly records: number
      readonly shift: number
    }
  | { readonly kind: 'plain'; readonly partition: number }
  | { readonly kind: 'addOffsets'; readonly who: number }
  | { readonly kind: 'commitOffset'; readonly added: boolean; readonly who: number; readonly partition: number; readonly offset: number }
  | { readonly kind: 'end'; readonly who: number; readonly outcome: 'commit' | 'abort' }
  /** So many offsets before the end; a negative number is behind it. */
  | { readonly kind: 'delete'; readonly partition: number; readonly back: number }
  | { readonly kind: 'look'; readonly partition: number; readonly maxBytes: number; readonly back: number }

const partitionCount = 2
const who = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.nat({ max: 4 }) })
const partition = fc.nat({ max: partitionCount - 1 })
const added = fc.integer({ min: 0, max: 3 }).map((n) => n > 0)
/** Added to the sequence: mostly nothing. -1 and less repeats, or overlaps. */
const shift = fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: -8, max: 2 }) })

const step: fc.Arbitrary<TransactionStep> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('init'), id: fc.nat({ max: 1 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('add'), who, partitions: fc.uniqueArray(partition, { minLength: 1, maxLength: partitionCount }) }),
  },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('write'), added, who, partition, records: fc.integer({ min: 1, max: 3 }), shift }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('plain'), partition }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('addOffsets'), who }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('commitOffset'), added, who, partition, offset: fc.nat({ max: 99 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('end'), who, outcome: fc.constantFrom('commit', 'abort') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete'), partition, back: fc.integer({ min: -1, max: 8 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('look'), partition, maxBytes: fc.constantFrom(1, 200, 1_000_000), back: fc.nat({ max: 12 }) }),
  },
)

/** Begins with a producer for each id. */
export const transactionScript: fc.Arbitrary<readonly TransactionStep[]> = fc
  .array(step, { minLength: 20, maxLength: 60, size: 'max' })
  .map((steps) => [{ kind: 'init', id: 0 }, { kind: 'init', id: 1 }, ...steps])

/** Every answer in words, without what differs from cluster to cluster. */
export async function playTransactions(kafka: KafkaUnderTest, script: readonly TransactionStep[]): Promise<readonly string[]> {
  const scene = new Scene(kafka, await kafka.topic({ partitions: partitionCount }), await kafka.group())
  const answers: string[] = []
  for (const [i, next] of script.entries()) answers.push(`${i} ${JSON.stringify(next)}: ${await scene.play(next, i)}`)
  for (let at = 0; at < partitionCount; at++) answers.push(await scene.look(at, 1_000_000, Infinity))
  return answers
}

interface NumberedProducer {
  readonly producer: RawProducer
  /** The next one of each partition. */
  readonly sequences: number[]
}

class Scene {
  readonly #kafka: KafkaUnderTest
  readonly #topic: RawTopic
  readonly #group: RawGroup
  readonly #producers: NumberedProducer[] = []
  readonly #ids: readonly string[]

  constructor(kafka: KafkaUnderTest, topic: RawTopic, group: RawGroup) {
    this.#kafka = kafka
    this.#topic = topic
    this.#group = group
    this.#ids = [kafka.uniqueName('txn'), kafka.uniqueName('txn')]
  }

  async play(step: TransactionStep, number: number): Promise<string> {
    switch (step.kind) {
      case 'init':
        return this.#init(step.id)
      case 'add':
        return this.#who(step.who).producer.add(...step.partitions.map((at) => this.#topic.at(at)))
      case 'write':
        return this.#write(step, recordsOf(number, step.records))
      case 'plain': {
        const { error, baseOffset } = await this.#topic.write([`plain ${number}`], step.partition)
        return `${error} ${baseOffset}`
      }
      case 'addOffsets':
        return this.#who(step.who).producer.addOffsets(this.#group.groupId)
      case 'commitOffset': {
        const { producer } = this.#who(step.who)
        const request = [this.#group.nobody, this.#topic.at(step.partition), step.offset, `${number}`] as const
        return step.added ? producer.addAndCommitOffset(...request) : producer.commitOffset(...request)
      }
      case 'end':
        return this.#end(step.who, step.outcome)
      case 'delete': {
        const offset = Math.max(0, (await this.#topic.end(step.partition)) - step.back)
        const { error, logStart } = await this.#topic.deleteBefore(offset, step.partition)
        return `${error} ${logStart}`
      }
      case 'look':
        return this.look(step.partition, step.maxBytes, step.back)
    }
  }

  /** What a reader finds so many offsets before the end, and the committed offset. */
  async look(partition: number, maxBytes: number, back: number): Promise<string> {
    const offset = Math.max(0, (await this.#topic.end(partition)) - back)
    const answer = await this.#topic.fetch({ partition, offset, maxBytes })
    const whole = batchesIn(answer.records)
    // What is named beyond that depends on how sparse the broker's index is.
    const nextOffset = (whole.at(-1)?.lastOffset ?? -1) + 1
    const batches = whole.map((batch) => `${batch.baseOffset}-${batch.lastOffset} ${describeBatch(batch)}`)
    const read = committedIn({ ...answer, error: 0 }, offset).map(({ offset: at, value }) => `${at} ${value}`)
    const committed = await this.#group.committed(this.#topic.at(partition))
    const { error, lastStableOffset, highWatermark } = answer
    return JSON.stringify({
      error,
      offset,
      lastStableOffset,
      highWatermark,
      batches,
      aborted: this.#aborted(answer.aborted.filter(({ firstOffset }) => firstOffset < nextOffset)),
      read,
      committed,
    })
  }

  async #init(id: number): Promise<string> {
    const producer = await this.#kafka.producer({ transactionalId: this.#ids[id]! })
    const previous = this.#producers.find((known) => known.producer.identity.transactionalId === producer.identity.transactionalId)
    const same = previous === undefined || previous.producer.identity.producerId === producer.identity.producerId
    this.#producers.unshift({ producer, sequences: [] })
    return `epoch ${producer.identity.epoch}${same ? '' : ' of another producer id'}`
  }

  async #write(step: TransactionStep & { kind: 'write' }, records: readonly TestRecord[]): Promise<string> {
    const { producer, sequences } = this.#who(step.who)
    if (step.added) {
      const added = await producer.add(this.#topic.at(step.partition))
      if (added !== 'NONE') return added
    }
    const next = sequences[step.partition] ?? 0
    const sequence = Math.max(0, next + step.shift)
    const { error, baseOffset } = await producer.write(this.#topic, records, { partition: step.partition, sequence })
    if (error === 'NONE') sequences[step.partition] = Math.max(next, sequence + records.length)
    return `${error} ${baseOffset}`
  }

  /** Asked twice: the second answer comes when all markers are written. */
  async #end(who: number, outcome: 'commit' | 'abort'): Promise<string> {
    const { producer } = this.#who(who)
    const first = await producer.end(outcome)
    return `${first}, then ${await producer.end(outcome)}`
  }

  #who(who: number): NumberedProducer {
    return this.#producers[who % this.#producers.length]!
  }

  /** By the id that the producer has, for producer ids differ. */
  #aborted(aborted: readonly { readonly producerId: number; readonly firstOffset: number }[]): readonly string[] {
    return aborted.map(({ producerId, firstOffset }) => {
      const owner = this.#producers.find(({ producer }) => producer.identity.producerId === producerId)
      return `${this.#ids.indexOf(owner?.producer.identity.transactionalId ?? '')} from ${firstOffset}`
    })
  }
}

function recordsOf(step: number, count: number): readonly TestRecord[] {
  return Array.from({ length: count }, (_, i) => `${step}.${i}`)
}
