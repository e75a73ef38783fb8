/** What one task has committed, and what the model says that it owes. */
import type { CommittedLog } from './committed-log.ts'
import type { ModelOutput, TaskModel } from './job.ts'

export interface TaskLedgerOptions {
  readonly partition: number
  /** Offset of the first record that counts. */
  readonly from: number
  readonly source: CommittedLog
  readonly model: TaskModel
  /** Whether results of the sink come in the transactions; else they leave on their own. */
  readonly inTransactions: boolean
}

interface Owed {
  readonly value: string
  /** Offset of the record by which it came. */
  readonly cause: number
}

export class TaskLedger {
  readonly #options: TaskLedgerOptions
  /** By target and key, in order. */
  readonly #owed = new Map<string, Owed[]>()
  /** Where results leave on their own. */
  readonly expectedOnTheirOwn: string[] = []
  #next = 0
  #commit = 0
  /** Offset of the last record that is committed. */
  #lastCause = -1

  constructor(options: TaskLedgerOptions) {
    this.#options = options
    this.#next = options.from
  }

  /** The committed offset. */
  get next(): number {
    return this.#next
  }

  /** A commit moves the offset here. Returns what is wrong with that. */
  advance(offset: number, metadata: string): string | null {
    const { partition, source, model } = this.#options
    const commit = numberIn(metadata)
    if (commit !== this.#commit + 1) return `commit ${commit} of task ${partition} follows commit ${this.#commit}`
    this.#commit = commit
    if (offset < this.#next) return `the offset of task ${partition} went back from ${this.#next} to ${offset}`
    for (const record of source.between(partition, this.#next, offset)) {
      this.#lastCause = record.offset
      const input = { key: record.key ?? '', value: record.value ?? '', timestamp: record.timestamp, offset: record.offset }
      for (const output of model.advance(input)) this.#owe(output, record.offset)
    }
    this.#next = offset
    return null
  }

  /** A result was committed. Returns what is wrong with it. */
  receive(to: ModelOutput['to'], key: string | null, value: string): string | null {
    const { partition } = this.#options
    const queue = this.#owed.get(queueOf(to, key))
    const first = queue?.shift()
    if (first?.value === value) return null
    const expected = first === undefined ? 'nothing' : first.value
    return `task ${partition} committed for ${to}, key ${key ?? 'null'}: ${value}; the model has ${expected} (committed offset ${this.#next})`
  }

  /** What should have been in the commits so far; null: nothing. A window may close over several commits, all behind the record that closes it. */
  missing(): string | null {
    return this.#firstOwed((owed) => owed.cause < this.#lastCause)
  }

  /** What is owed at all; null: nothing. */
  owed(): string | null {
    return this.#firstOwed(() => true)
  }

  #firstOwed(counts: (owed: Owed) => boolean): string | null {
    for (const [queue, [first]] of this.#owed) {
      if (first === undefined || !counts(first)) continue
      return `task ${this.#options.partition} has committed up to offset ${this.#next} without ${queue}: ${first.value}, due since offset ${first.cause}`
    }
    return null
  }

  #owe({ to, key, value }: ModelOutput, cause: number): void {
    if (to === 'sink' && !this.#options.inTransactions) {
      this.expectedOnTheirOwn.push(`${key ?? 'null'} ${value}`)
      return
    }
    const name = queueOf(to, key)
    const queue = this.#owed.get(name)
    if (queue === undefined) this.#owed.set(name, [{ value, cause }])
    else queue.push({ value, cause })
  }
}

function queueOf(to: ModelOutput['to'], key: string | null): string {
  return `${to} ${key ?? 'null'}`
}

function numberIn(metadata: string): number {
  try {
    return Number((JSON.parse(metadata) as { readonly n?: unknown }).n)
  } catch {
    return NaN
  }
}
