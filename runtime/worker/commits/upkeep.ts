import type { JobRecord } from '../../protocol.ts'
import type { WorkerParts } from '../parts.ts'
import type { LocalSnapshots } from '../snapshots/local-snapshots.ts'
import type { Task } from '../tasks/task.ts'
import { ChangelogWatch } from './changelogs.ts'
import { PassedRecords } from './passed-records.ts'

/** What is done before and behind each commit, beside the commit itself: looking after changelogs, local snapshots and what was read. */
export class Upkeep implements AsyncDisposable {
  readonly #changelogs: ChangelogWatch
  readonly #passed: PassedRecords
  readonly #snapshots: LocalSnapshots | null

  constructor(parts: WorkerParts, snapshots: LocalSnapshots | null) {
    const { config, kafka, now, log } = parts
    const { applicationId } = config
    this.#changelogs = new ChangelogWatch(kafka.reader, applicationId, now)
    this.#passed = new PassedRecords({ reader: kafka.reader, applicationId, now, log })
    this.#snapshots = snapshots
  }

  /** Throws when what is about to be committed would be lost. */
  async before(record: JobRecord): Promise<void> {
    await this.#changelogs.look(record)
    await this.#snapshots?.room()
  }

  async after(tasks: readonly Task[]): Promise<void> {
    this.#passed.look(tasks)
    await this.#snapshots?.advance()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#passed[Symbol.asyncDispose]()
  }
}
