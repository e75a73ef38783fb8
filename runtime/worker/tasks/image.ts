/**
 * The state of a task as of a place in its changelog. A restore builds one up; one that is kept up to date is a warm copy; one in files is a local snapshot.
 * Whatever it was built from, rows that are applied once more do no harm, as long as everything behind them follows.
 */
import { StreamJobError } from '../../errors.ts'
import type { KafkaReader } from '../../kafka/client.ts'
import type { RecordBlock } from '../../kafka/records.ts'
import { isRowKey } from '../../state/changelog-row.ts'
import { createStateStore } from '../../state/table-store.ts'
import type { StateStore } from '../../state/store.ts'
import type { CompiledStage } from '../../transforms/stage.ts'
import { decodePositionRow, positionRowKey } from '../commits/positions.ts'
import type { PositionRow } from '../commits/positions.ts'
import type { TaskOutput } from './outputs.ts'

/** Builds the closures of a stage over a store. */
export type CompileTask = (store: StateStore) => { readonly stage: CompiledStage; readonly output: TaskOutput }

export interface Changelog {
  readonly topic: string
  readonly partition: number
}

export interface ReplayOptions {
  readonly reader: KafkaReader
  readonly signal: AbortSignal
  /** A long changelog must not keep heartbeats and probes waiting. */
  readonly turn: () => Promise<void>
}

/** A few milliseconds of work. Small blocks, as compaction leaves them, do not cost a turn each. */
const rowsPerTurn = 5_000

export class TaskImage {
  readonly changelog: Changelog
  readonly store: StateStore
  readonly stage: CompiledStage
  readonly output: TaskOutput
  #position: PositionRow | null = null
  #next: number
  #replayed = 0

  /** An image of nothing; `next` is where the changelog begins. */
  constructor(changelog: Changelog, compile: CompileTask, next: number) {
    this.changelog = changelog
    this.store = createStateStore()
    // Before any row comes: rows of tables that are not open are kept one by one.
    const { stage, output } = compile(this.store)
    this.stage = stage
    this.output = output
    this.#next = next
  }

  /** Of the newest commit that is in it; null: none. */
  get position(): PositionRow | null {
    return this.#position
  }

  /** The next offset of the changelog that is not in it. */
  get next(): number {
    return this.#next
  }

  /** How many rows of the changelog `replay` has applied. */
  get replayed(): number {
    return this.#replayed
  }

  /** Applies all committed rows below `end`. Throws when it is interrupted: half a state is none. */
  async replay(end: number, { reader, signal, turn }: ReplayOptions): Promise<void> {
    const { topic, partition } = this.changelog
    let rows = 0
    for await (const block of reader.readRange(topic, partition, this.#next, end, signal)) {
      this.apply(block)
      this.#replayed += block.count
      rows += block.count
      if (rows < rowsPerTurn) continue
      rows = 0
      await turn()
    }
    if (this.#next >= end) return
    const where = `${topic}, partition ${partition}`
    throw new StreamJobError('kafka-retriable', `Restoring from ${where} ended at offset ${this.#next}, before the end ${end}.`)
  }

  /** Applies the rows of a block of the changelog. Throws `changelog-corrupt`; the image is worth nothing then. */
  apply(block: RecordBlock): void {
    const { bytes, keyStart, count } = block
    let from = 0
    for (let i = 0; i < count; i++) {
      // Reads nothing, which is no row either, where the key is null.
      if (isRowKey(bytes, keyStart[i]!)) continue
      this.store.restore(block, from, i)
      this.#applyPosition(block, i)
      from = i + 1
    }
    this.store.restore(block, from, count)
    this.#next = block.nextOffset
  }

  #applyPosition(block: RecordBlock, i: number): void {
    const { bytes, keyStart, keyEnd, valueStart, valueEnd } = block
    if (keyStart[i]! < 0) {
      throw new StreamJobError('changelog-corrupt', `The record in ${placeOf(block, i)} has no key; something else wrote to the changelog.`)
    }
    // What is neither a row nor a position is for the store to refuse.
    if (!positionRowKey.equals(bytes.subarray(keyStart[i], keyEnd[i]))) this.store.restore(block, i, i + 1)
    else if (valueStart[i]! >= 0) this.#position = decodePositionRow(bytes.subarray(valueStart[i], valueEnd[i]), placeOf(block, i))
  }
}

function placeOf(block: RecordBlock, i: number): string {
  return `${block.topic}, partition ${block.partition}, offset ${block.offsets[i]}`
}
