/**
 * A topic between two stages: what was sent through it, and what those that write to it have promised. Two views of the same: at each commit, in the order of
 * the commits, and in the log, as a reader sees it.
 */
import type { CommittedLog } from './committed-log.ts'
import type { PlainRecord } from './plain-records.ts'
import { plainRow } from './plain-rows.ts'
import { Promises, saidIn } from './promises.ts'
import type { InputEvent, TaskInput } from './task-ledger.ts'
import { Violation } from './violation.ts'

export interface ShuffleOptions {
  readonly topic: string
  readonly partitions: number
  readonly log: CommittedLog
  /** Every task that writes to it. */
  readonly writers: readonly Writer[]
}

export interface Writer {
  readonly name: string
  /** The most that it can promise by what it has committed, and the least that it must have promised. */
  readonly promised: number
  readonly settled: number
  /** Why it can not be idle; null: it can. */
  whyActive(): string | null
}

/** Where a record comes from. */
interface Origin {
  readonly writer: string
  readonly tardy: boolean
}

export class Shuffle {
  /** Values of records that came when nobody waited for their writer: they may be late. */
  readonly unawaited = new Set<string>()
  readonly #options: ShuffleOptions
  /** By partition and offset, those that nobody has read yet. */
  readonly #sent: readonly Map<number, Origin>[]
  /** What each writer has promised by its commits. */
  readonly #told = new Map<string, number>()
  #anyIdle = false

  constructor(options: ShuffleOptions) {
    this.#options = options
    this.#sent = Array.from({ length: options.partitions }, () => new Map<number, Origin>())
  }

  /** No reader may have come further. */
  get most(): number {
    const told = this.#options.writers.map(({ name }) => this.#told.get(name) ?? -Infinity)
    return this.#anyIdle ? Math.max(...told) : Math.min(...told)
  }

  /** A record was committed there by a task that owed it. */
  send(partition: number, offset: number, origin: Origin): void {
    this.#sent[partition]?.set(offset, origin)
  }

  /** What one transaction tells, which moves the offsets of these writers. */
  promise(markers: readonly (PlainRecord & { readonly partition: number })[], moved: ReadonlySet<string>): void {
    this.#hear(markers, moved)
    for (const { name, settled } of this.#options.writers) {
      const told = this.#told.get(name) ?? -Infinity
      if (moved.has(name) && told < settled) throw new Violation(`${name} has promised ${told}, and has come to ${settled} at least`)
    }
  }

  #hear(markers: readonly (PlainRecord & { readonly partition: number })[], moved: ReadonlySet<string>): void {
    const [first] = markers
    if (first === undefined) return
    const { topic, partitions, writers } = this.#options
    const places = markers.map(({ partition }) => partition).toSorted((a, b) => a - b)
    if (places.length !== partitions || places.some((partition, i) => partition !== i) || markers.some(({ value }) => value !== first.value))
      throw new Violation(`the markers of a transaction are not the same in each partition of ${topic}, but in ${places.join(', ')}`)
    for (const { writer, watermark, idle } of saidIn(first)) {
      const task = writers.find(({ name }) => name === writer)
      if (task === undefined || !moved.has(writer)) throw new Violation(`a marker speaks for ${writer}, whose offset is not in the transaction`)
      if (watermark > task.promised) throw new Violation(`a marker promises ${watermark} for ${writer}, which has come to ${task.promised}`)
      const whyActive = idle ? task.whyActive() : null
      if (whyActive !== null) throw new Violation(`a marker calls ${writer} idle, but ${whyActive}`)
      this.#anyIdle ||= idle
      this.#told.set(writer, watermark)
    }
  }

  /** Of what it can promise, what a writer has not promised yet; null: nothing. */
  due(): string | null {
    for (const { name, promised } of this.#options.writers) {
      const told = this.#told.get(name) ?? -Infinity
      if (told < promised) return `${name} has promised ${told}, and has come to ${promised}`
    }
    return null
  }

  /** A partition, as its reader sees it. */
  reader(partition: number): TaskInput {
    const { topic, log, writers } = this.#options
    const { unawaited } = this
    const sent = this.#sent[partition]!
    const promises = new Promises(writers.map(({ name }) => name))
    return {
      *between(from, to): Generator<InputEvent> {
        for (const entry of log.between(partition, from, to)) {
          const { key, offset, timestamp, bytes } = entry
          if (key === null) {
            if (promises.hear(entry)) yield { offset, watermark: promises.watermark }
            continue
          }
          const origin = sent.get(offset)
          const what = `the record at ${topic}-${partition}@${offset} with timestamp ${timestamp}`
          if (origin === undefined || bytes === null) throw new Violation(`${what} was committed by nobody`)
          sent.delete(offset)
          const { watermark, phase } = promises.of(origin.writer)
          if (!origin.tardy && timestamp <= watermark)
            throw new Violation(`${what} is behind a marker by which ${origin.writer} promised ${watermark}`)
          const value = JSON.stringify(plainRow(bytes))
          if (phase !== 'active') unawaited.add(value)
          yield { offset, record: { key, value, timestamp, partition, offset } }
        }
      },
      whyActive: () => (promises.idle ? null : `not all that write to ${topic}-${partition} are`),
    }
  }
}
