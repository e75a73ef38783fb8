/**
 * A topic between two stages: what was sent through it, and what those that write to it have promised. Markers are taken apart without the code that is
 * checked. Two views of the same: at each commit, in the order of the commits, and in the log, as a reader sees it.
 */
import type { CommittedLog } from './committed-log.ts'
import type { PlainRecord } from './plain-records.ts'
import { plainRow } from './plain-rows.ts'
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
}

/** Where a record comes from. */
interface Origin {
  readonly writer: string
  readonly tardy: boolean
}

export class Shuffle {
  readonly #options: ShuffleOptions
  /** By partition and offset, those that nobody has read yet. */
  readonly #sent: readonly Map<number, Origin>[]
  /** What each writer has promised by its commits. */
  readonly #told = new Map<string, number>()

  constructor(options: ShuffleOptions) {
    this.#options = options
    this.#sent = Array.from({ length: options.partitions }, () => new Map<number, Origin>())
  }

  /** No reader may have come further. */
  get least(): number {
    return leastOf(this.#options.writers, this.#told)
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
    for (const { writer, watermark } of saidIn(first.value)) {
      const most = writers.find(({ name }) => name === writer)?.promised
      if (most === undefined || !moved.has(writer)) throw new Violation(`a marker speaks for ${writer}, whose offset is not in the transaction`)
      if (watermark > most) throw new Violation(`a marker promises ${watermark} for ${writer}, which has come to ${most}`)
      this.#told.set(writer, risen(writer, this.#told.get(writer), watermark))
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
    const sent = this.#sent[partition]!
    const heard = new Map<string, number>()
    let watermark = -Infinity
    const hear = (marker: PlainRecord): boolean => {
      for (const said of saidIn(marker.value)) heard.set(said.writer, risen(said.writer, heard.get(said.writer), said.watermark))
      const before = watermark
      watermark = leastOf(writers, heard)
      return watermark > before
    }
    return {
      *between(from, to): Generator<InputEvent> {
        for (const entry of log.between(partition, from, to)) {
          const { key, offset, timestamp, bytes } = entry
          if (key === null) {
            if (hear(entry)) yield { offset, watermark }
            continue
          }
          const origin = sent.get(offset)
          const what = `the record at ${topic}-${partition}@${offset} with timestamp ${timestamp}`
          if (origin === undefined || bytes === null) throw new Violation(`${what} was committed by nobody`)
          sent.delete(offset)
          const promised = heard.get(origin.writer) ?? -Infinity
          if (!origin.tardy && timestamp <= promised) throw new Violation(`${what} is behind a marker by which ${origin.writer} promised ${promised}`)
          yield { offset, record: { key, value: JSON.stringify(plainRow(bytes)), timestamp, partition, offset } }
        }
      },
    }
  }
}

function risen(writer: string, before = -Infinity, watermark: number): number {
  if (watermark < before) throw new Violation(`a marker of ${writer} goes back from ${before} to ${watermark}`)
  return watermark
}

function leastOf(writers: readonly Writer[], told: ReadonlyMap<string, number>): number {
  return Math.min(...writers.map(({ name }) => told.get(name) ?? -Infinity))
}

function saidIn(marker: string | null): readonly { readonly writer: string; readonly watermark: number }[] {
  // What it must be; anything else fails right here.
  const { w } = JSON.parse(marker ?? '') as { readonly w: readonly (readonly [string, number | null, 1?])[] }
  return w.map(([writer, watermark, idle]) => {
    if (idle !== undefined) throw new Violation(`a marker calls ${writer} idle, which always has something to say`)
    return { writer, watermark: watermark ?? -Infinity }
  })
}
