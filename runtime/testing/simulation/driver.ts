/** Writes the input while the job runs: small batches, in transactions of which some are aborted, and outside of any. */
import type { ConnectedKafka } from '../../kafka/connect.ts'
import type { TransactionalProducer } from '../../kafka/client.ts'
import { encodeKey, partitionFor } from '../../formats/key.ts'
import { StreamJobError } from '../../errors.ts'
import type { Random } from '../time/random.ts'
import type { VirtualProcess } from '../time/virtual-process.ts'
import type { InputRecord } from './job.ts'
import { topics } from './world.ts'
import type { World } from './world.ts'

const nobody = { groupId: '', generation: -1, memberId: '', instanceId: null }

export class Driver {
  readonly #world: World
  readonly #process: VirtualProcess
  readonly #kafka: ConnectedKafka
  readonly #random: Random
  #done = false

  constructor(world: World) {
    this.#world = world
    this.#process = world.process('driver')
    this.#kafka = world.connect(this.#process)
    this.#random = world.random.fork()
    const lanes = 1 + this.#random.below(2)
    void Promise.all(Array.from({ length: lanes }, (_, lane) => this.#write(`driver-${lane}`, lanes)))
      .then(() => (this.#done = true))
      .catch((error: unknown) => world.violate(`the driver failed: ${error instanceof Error ? error.stack : String(error)}`))
  }

  /** Whether all records but the last ones are written. */
  get done(): boolean {
    return this.#done
  }

  /** Writes the last record of each partition. */
  async finish(): Promise<void> {
    const { partitions } = this.#world.setting
    const now = this.#world.timeOfDay
    for (let partition = 0; partition < partitions; partition++) {
      const record = this.#world.job.last(keyOf(partition, partitions), now)
      await this.#insist(() => this.#writeOnce('driver-last', [record], 'commit'))
    }
  }

  async #write(id: string, lanes: number): Promise<void> {
    const { records, durationMs } = this.#world.setting
    const mostAtOnce = this.#random.pick([1, 5, 20])
    const pause = (durationMs * lanes * mostAtOnce) / records / 2
    for (let left = Math.ceil(records / lanes); left > 0;) {
      const count = Math.min(left, 1 + this.#random.below(mostAtOnce))
      left -= count
      const batch = Array.from({ length: count }, () => this.#world.job.input(this.#random, this.#world.timeOfDay))
      const fate = this.#random.pick(['commit', 'commit', 'abort', 'plain'] as const)
      await this.#insist(() => this.#writeOnce(id, batch, fate))
      await this.#process.timing.sleep(this.#random.between(0, 2 * pause))
    }
  }

  async #writeOnce(id: string, records: readonly InputRecord[], fate: 'commit' | 'abort' | 'plain'): Promise<void> {
    if (fate === 'plain') {
      await using producer = this.#kafka.outputProducer()
      for (const record of records) this.#append(producer, record)
      await producer.flush()
      return
    }
    await using producer = this.#kafka.transactionalProducer(id)
    await producer.init()
    for (const record of records) this.#append(producer, record)
    await producer.flush()
    if (this.#random.chance(0.3)) await this.#process.timing.sleep(this.#random.between(0, 1_500))
    if (fate === 'commit') await producer.commit([], nobody)
    else await producer.abort()
  }

  #append(producer: Pick<TransactionalProducer, 'append'>, { key, value, timestamp }: InputRecord): void {
    const keyBytes = Buffer.from(key)
    const valueBytes = Buffer.from(value)
    const partition = partitionFor(keyBytes, 0, keyBytes.length, this.#world.setting.partitions)
    producer.append(topics.source, partition, keyBytes, 0, keyBytes.length, valueBytes, 0, valueBytes.length, timestamp, [])
  }

  /** A record may come twice by this: the checker goes by what stands in the log. */
  async #insist(work: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof StreamJobError)) throw error
        this.#world.history.note('driver', 'tries again', { error: error.message })
        await this.#process.timing.sleep(300)
      }
    }
  }
}

/** A key that Kafka's default partitioner puts into the partition. */
function keyOf(partition: number, partitions: number): string {
  for (let i = 0; ; i++) {
    const key = encodeKey(`last-${i}`)
    if (partitionFor(key, 0, key.length, partitions) === partition) return `last-${i}`
  }
}
