/**
 * Runs a stage without a worker: records in, outputs out, with commits to a changelog, rollbacks and crashes in between. Outputs count once they are
 * committed, as in a transaction.
 */
import { rowDecoder } from '../../runtime/formats/binary/decoder.ts'
import { compileStage } from '../../runtime/transforms/compile.ts'
import type { CompiledStage, StageOutput, StageSnapshot } from '../../runtime/transforms/stage.ts'
import { createStateStore } from '../../runtime/state/table-store.ts'
import { readHeaders } from '../../runtime/kafka/batch/headers.ts'
import type { RecordBlock } from '../../runtime/kafka/records.ts'
import type { Stage } from '../../runtime/plan/nodes.ts'
import type { StateStore } from '../../runtime/state/store.ts'
import { blockOf } from './blocks.ts'
import type { TestRecord } from './blocks.ts'
import { restoreRows } from './changelog-rows.ts'

/** What a stage made, in the order it was made. */
export type Made = MadeResult | MadeLate | MadeDeadLetter

export interface MadeResult {
  readonly to: 'sink'
  /** Index of the sink among those of the stage; absent: the first. */
  readonly sink?: number
  readonly key: string | null
  /** Parsed JSON; null: a tombstone. */
  readonly value: unknown
  readonly timestamp: number
}

export interface MadeLate {
  readonly to: 'late'
  /** Of the source record. */
  readonly offset: number
  readonly key: string | null
  readonly value: unknown
  readonly timestamp: number
  readonly transform: string
  readonly window: readonly [number, number]
  readonly watermark: number
}

export interface MadeDeadLetter {
  readonly to: 'dead'
  /** Of the record that failed; null: it was the result of a window. */
  readonly offset: number | null
  readonly reason: string
  readonly message: string
}

export interface RunOptions {
  readonly clock?: () => number
  readonly maxFutureTimestampMs?: number
  readonly sliceBytes?: number
  /** May throw, as a producer does. */
  readonly beforeEmit?: () => void
}

export class StageRun {
  /** What was made and committed. */
  readonly committed: Made[] = []
  stage!: CompiledStage
  store!: StateStore
  /** Next record to process. */
  position = 0
  #pending: Made[] = []
  #block: RecordBlock | null = null
  readonly #changelog = new Map<string, Buffer>()
  #confirmed: { readonly position: number; readonly snapshot: string | null } = { position: 0, snapshot: null }
  #plan: Stage
  readonly #records: readonly TestRecord[]
  readonly #options: RunOptions

  constructor(plan: Stage, records: readonly TestRecord[], options: RunOptions = {}) {
    this.#plan = plan
    this.#records = records
    this.#options = options
    this.#start()
  }

  /** Gives the stage the next records, up to `count`, as one block, and lets it do one slice of work. Tells whether it did them all. */
  slice(count: number): boolean {
    if (this.stage.closing && !this.stage.resume()) return false
    const end = Math.min(this.#records.length, this.position + count)
    if (this.position >= end) return true
    const records = this.#records.slice(this.position, end)
    this.#block = blockOf(records, { topic: inputOf(this.#plan), baseOffset: this.position })
    const done = this.stage.process(this.#block, 0)
    this.position += done
    return done === records.length && !this.stage.closing
  }

  /** Processes the next records, slice by slice, until all are through and nothing is half closed. */
  process(count: number = this.#records.length): this {
    const end = Math.min(this.#records.length, this.position + count)
    while (this.position < end) this.slice(end - this.position)
    return this.settle()
  }

  /** Finishes what is half closed. */
  settle(): this {
    while (this.stage.closing) this.stage.resume()
    return this
  }

  endOfInput(): this {
    this.stage.endOfInput()
    return this.settle()
  }

  /** What was made so far, committed or not. */
  get made(): readonly Made[] {
    return [...this.committed, ...this.#pending]
  }

  get results(): readonly MadeResult[] {
    return this.made.filter((one) => one.to === 'sink')
  }

  /** Those in one sink of several. */
  resultsIn(sink: number): readonly MadeResult[] {
    return this.results.filter((one) => (one.sink ?? 0) === sink)
  }

  get late(): readonly MadeLate[] {
    return this.made.filter((one) => one.to === 'late')
  }

  get dead(): readonly MadeDeadLetter[] {
    return this.made.filter((one) => one.to === 'dead')
  }

  commit(): this {
    for (const { key, value } of this.store.changes()) {
      const name = Buffer.from(key).toString('latin1')
      if (value === null) this.#changelog.delete(name)
      else this.#changelog.set(name, Buffer.from(value))
    }
    this.#confirmed = { position: this.position, snapshot: JSON.stringify(this.stage.snapshot()) }
    this.store.markCommitted()
    this.committed.push(...this.#pending)
    this.#pending = []
    return this
  }

  /** The transaction was lost: back to the last commit, in the same process. */
  rollback(): this {
    this.#lose()
    this.store.rollback()
    this.stage.restore(this.#snapshot())
    return this
  }

  /** The process was lost: a new one starts from the changelog, maybe with another version of the program. */
  crash(plan: Stage = this.#plan): this {
    this.#plan = plan
    this.#lose()
    this.#start()
    return this
  }

  #lose(): void {
    this.#pending = []
    this.#block = null
    this.position = this.#confirmed.position
  }

  #start(): void {
    const { clock = () => 0, maxFutureTimestampMs = Number.MAX_SAFE_INTEGER, sliceBytes = 1 << 20 } = this.#options
    this.store = createStateStore()
    this.stage = compileStage(this.#plan, { store: this.store, output: this.#output(), clock, maxFutureTimestampMs, sliceBytes, readHeaders })
    restoreRows(
      this.store,
      Array.from(this.#changelog, ([name, value]) => ({ key: Buffer.from(name, 'latin1'), value })),
    )
    this.stage.restore(this.#snapshot())
  }

  #snapshot(): StageSnapshot | null {
    // Written by commit above.
    return this.#confirmed.snapshot === null ? null : (JSON.parse(this.#confirmed.snapshot) as StageSnapshot)
  }

  #output(): StageOutput {
    return {
      emit: (sink, key, keyStart, keyEnd, value, timestamp) => {
        this.#options.beforeEmit?.()
        const text = key === null ? null : Buffer.from(key.subarray(keyStart, keyEnd)).toString()
        this.#pending.push({ to: 'sink', key: text, value: value === null ? null : this.#parse(sink, value), timestamp, ...(sink > 0 && { sink }) })
      },
      late: ({ index, transform, key, value, timestamp, windowStart, windowEnd, watermark }) => {
        const window = [windowStart, windowEnd] as const
        const record = { key: key === null ? null : key.toString(), value: parse(value), timestamp }
        this.#pending.push({ to: 'late', offset: this.#offset(index) ?? -1, ...record, transform, window, watermark })
      },
      deadLetter: (index, reason, message) => {
        this.#pending.push({ to: 'dead', offset: this.#offset(index), reason, message })
      },
    }
  }

  #parse(sink: number, value: Uint8Array): unknown {
    return this.#plan.sinks[sink]?.kind === 'repartition' ? rowDecoder().decode(Buffer.from(value), 0, value.length) : parse(value)
  }

  #offset(index: number): number | null {
    return index < 0 ? null : (this.#block?.offsets[index] ?? null)
  }
}

function inputOf({ source, name }: Stage): string {
  return source.kind === 'source' ? source.topic : name
}

function parse(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes).toString('utf8'))
}
