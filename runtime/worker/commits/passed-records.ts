/** What stages have sent to each other is the job's own: once its readers have committed, nobody will read it any more. */
import type { KafkaReader } from '../../kafka/client.ts'
import { parseTopic } from '../../protocol.ts'
import { failureOf } from '../failure.ts'
import type { WorkerParts } from '../parts.ts'
import type { Task } from '../tasks/task.ts'

/** Between two deletions. Milliseconds. */
const intervalMs = 30_000

export interface PassedRecordsParts extends Pick<WorkerParts, 'now' | 'log'> {
  readonly reader: Pick<KafkaReader, 'deleteRecords'>
  readonly applicationId: string
}

/** Deletes, behind the worker's work, what its tasks have committed of the topics between stages. What fails is left for the next time. */
export class PassedRecords implements AsyncDisposable {
  readonly #parts: PassedRecordsParts
  #lookedAt: number
  #deleting: Promise<void> | null = null
  #closed = false

  constructor(parts: PassedRecordsParts) {
    this.#parts = parts
    this.#lookedAt = parts.now()
  }

  /** To be called behind a commit. Returns at once. */
  look(tasks: readonly Task[]): void {
    const now = this.#parts.now()
    if (now < this.#lookedAt + intervalMs || this.#deleting !== null || this.#closed) return
    this.#lookedAt = now
    const own = tasks.filter(
      ({ input, confirmed }) => confirmed.offset > 0 && parseTopic(this.#parts.applicationId, input.topic)?.kind === 'repartition',
    )
    if (own.length > 0) this.#deleting = this.#delete(own).finally(() => (this.#deleting = null))
  }

  /** Does not wait for brokers that do not answer. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
  }

  async #delete(tasks: readonly Task[]): Promise<void> {
    for (const { input, confirmed } of tasks) {
      if (this.#closed) return
      try {
        await this.#parts.reader.deleteRecords(input.topic, input.partition, confirmed.offset)
      } catch (error) {
        if (this.#closed) return
        this.#parts.log.warn('Records that were passed on and read can not be deleted', { ...failureOf(error).fields, topic: input.topic })
        return
      }
    }
  }
}
