/** What one task has committed, and what the model says that it owes. */
import type { ModelInput, ModelOutput, TaskModel } from '../job.ts'
import { Violation } from './violation.ts'

export interface TaskLedgerOptions {
  /** As `stage/partition`. */
  readonly name: string
  /** Offset of the first record that counts. */
  readonly from: number
  readonly input: TaskInput
  readonly model: TaskModel
  /** Whether results of the sink come in the transactions; else they leave on their own. */
  readonly inTransactions: boolean
}

/** What a task reads, as the logs have it. */
export interface TaskInput {
  /** What was committed in [from, to), in its order. Throws a Violation for what must not stand there. */
  between(from: number, to: number): Iterable<InputEvent>
  /** Why whoever has read it up to there can not call it idle; null: he can. */
  whyActive(position: number): string | null
}

/** A record, or that the watermark of the input rose. */
export type InputEvent = { readonly offset: number; readonly record: ModelInput } | { readonly offset: number; readonly watermark: number }

export interface Owed {
  readonly output: ModelOutput
  /** Offset of the record by which it came. */
  readonly cause: number
}

export class TaskLedger {
  /** The records that it has committed, and everything that it had to give, in order. */
  readonly read: ModelInput[] = []
  readonly outputs: ModelOutput[] = []
  /** Where results leave on their own. */
  readonly expectedOnTheirOwn: string[] = []
  /** Of its input, where stages before it send that. */
  watermark = -Infinity
  /** What it had come to promise before the last record that it has committed: every window up to there is closed, and the promise must be made. */
  settled = -Infinity
  readonly #options: TaskLedgerOptions
  /** By target and key, in order. */
  readonly #owed = new Map<string, Owed[]>()
  #next = 0
  #commit = 0
  /** Offset of the last record that is committed. */
  #lastCause = -1

  constructor(options: TaskLedgerOptions) {
    this.#options = options
    this.#next = options.from
  }

  get name(): string {
    return this.#options.name
  }

  /** The committed offset. */
  get next(): number {
    return this.#next
  }

  /** What it may have promised to the next stage. */
  get promised(): number {
    return this.#options.model.promised ?? -Infinity
  }

  whyActive(): string | null {
    return this.#options.input.whyActive(this.#next)
  }

  /** A commit moves the offset here. */
  advance(offset: number, metadata: string): void {
    const { name, input, model } = this.#options
    const commit = numberIn(metadata)
    if (commit !== this.#commit + 1) throw new Violation(`commit ${commit} of task ${name} follows commit ${this.#commit}`)
    this.#commit = commit
    if (offset < this.#next) throw new Violation(`the offset of task ${name} went back from ${this.#next} to ${offset}`)
    for (const event of input.between(this.#next, offset)) {
      this.#lastCause = event.offset
      this.settled = this.promised
      if ('record' in event) this.read.push(event.record)
      else this.watermark = event.watermark
      const outputs = 'record' in event ? model.advance(event.record) : (model.rise?.(event.watermark) ?? [])
      for (const output of outputs) this.#owe(output, event.offset)
    }
    this.#next = offset
  }

  /** A result was committed. */
  receive(to: ModelOutput['to'], key: string | null, value: string): ModelOutput {
    const queue = this.#owed.get(queueOf(to, key)) ?? []
    const place = placeIn(queue, value)
    const [first] = queue
    if (place < 0) {
      const expected = first === undefined ? 'nothing' : first.output.value
      const what = `for ${to}, key ${key ?? 'null'}: ${value}`
      throw new Violation(`task ${this.name} committed ${what}; the model has ${expected} (committed offset ${this.#next})`)
    }
    return queue.splice(place, 1)[0]!.output
  }

  /** Whether this is the next result of the key that is due. */
  owes(to: ModelOutput['to'], key: string | null, value: string): boolean {
    return placeIn(this.#owed.get(queueOf(to, key)) ?? [], value) >= 0
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
      const { output, cause } = first
      return `task ${this.name} has committed up to offset ${this.#next} without ${queue}: ${output.value}, due since offset ${cause}`
    }
    return null
  }

  #owe(output: ModelOutput, cause: number): void {
    const { to, key, value } = output
    this.outputs.push(output)
    if (to === 'sink' && !this.#options.inTransactions) {
      this.expectedOnTheirOwn.push(`${key ?? 'null'} ${value}`)
      return
    }
    const name = queueOf(to, key)
    const queue = this.#owed.get(name)
    if (queue === undefined) this.#owed.set(name, [{ output, cause }])
    else queue.push({ output, cause })
  }
}

/** Where a result is among those that may be next; -1: nowhere. What one window of several keys sends to one key of the next stage is in no order. */
function placeIn(queue: readonly Owed[], value: string): number {
  const [first] = queue
  const together = queue.findIndex((owed) => owed !== first && !(first !== undefined && areTogether(owed, first)))
  return (together < 0 ? queue : queue.slice(0, together)).findIndex(({ output }) => output.value === value)
}

function areTogether(a: Owed, b: Owed): boolean {
  return a.cause === b.cause && a.output.to === 'stage' && b.output.to === 'stage' && a.output.timestamp === b.output.timestamp
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
