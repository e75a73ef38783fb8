/** The job record names its changelogs by id: one that was deleted and made again has lost state and positions, whatever is written to it since. */
import { StreamJobError } from '../../errors.ts'
import type { KafkaReader, TopicDescription } from '../../kafka/client.ts'
import { names } from '../../protocol.ts'
import type { JobRecord } from '../../protocol.ts'

/** Between two looks at the changelogs of a running job. Milliseconds. */
const intervalMs = 5_000

/** Throws `topic-replaced` when this is not the changelog that the record names. */
export function checkChangelog({ changelogId }: JobRecord['stages'][number], { topic, id }: TopicDescription): void {
  if (id === changelogId) return
  const fields = { topic, expected: changelogId, found: id }
  const hint = 'Restore from a savepoint or start afresh.'
  throw new StreamJobError('topic-replaced', `${topic} was deleted and made again: the state and positions of the job are lost. ${hint}`, { fields })
}

/** Looks after the changelogs that a worker writes to. */
export class ChangelogWatch {
  readonly #reader: KafkaReader
  readonly #applicationId: string
  readonly #now: () => number
  #lookedAt = -Infinity

  constructor(reader: KafkaReader, applicationId: string, now: () => number) {
    this.#reader = reader
    this.#applicationId = applicationId
    this.#now = now
  }

  /** To be called before a commit; asks the brokers every few seconds. One that is gone is none of its business: nothing can be written to it. */
  async look(record: JobRecord): Promise<void> {
    if (this.#now() < this.#lookedAt + intervalMs) return
    this.#lookedAt = this.#now()
    const stages = new Map(record.stages.map((stage) => [names.changelogTopic(this.#applicationId, record.lineage, stage.name), stage]))
    const found = await this.#reader.describeTopics([...stages.keys()])
    for (const [topic, stage] of stages) {
      const description = found.get(topic)
      if (description !== undefined) checkChangelog(stage, description)
    }
  }
}
