/**
 * What a compiled stage is to the task that runs it. A stage is a tree of closures built once from the plan;
 * a block of records runs through it without an await.
 */
import type { RecordBlock, RecordHeader } from '../kafka/records.ts'
import type { StateStore } from '../state/store.ts'
import type { KindOfKey } from './sinks/key-kind.ts'
import type { MarkedSnapshot } from './time/marked-input.ts'

/** Why a record did not go through; also the value of the reason header and of the metric's label. */
export type DropReason = 'undecodable' | 'null-key' | 'key-mismatch' | 'bad-timestamp' | 'future-timestamp' | 'processing' | 'late'

/** Where a stage puts what it makes. The task implements it over its transaction; nothing leaves before the task says so. */
export interface StageOutput {
  /**
   * Emits to the sink of the stage with this index. `key` bytes are copied. Partition by murmur2 of the key; null key: the input's partition modulo the
   * sink's count.
   */
  emit(
    sink: number,
    key: Uint8Array | null,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array | null,
    timestamp: number,
    headers: readonly RecordHeader[],
  ): void
  /** A late record: the transform's input in its schema as JSON, with the window and the watermark that condemned it. */
  late(record: LateRecord): void
  /**
   * A record that could not be processed; the task adds the original bytes and the coordinates of record `index` of the block in work. -1: it was a
   * result of a window, which comes from no record alone; the message names window and key, and there may be no block in work.
   */
  deadLetter(index: number, reason: DropReason, message: string): void
}

export interface LateRecord {
  /** Index of the source record in the block in work. */
  readonly index: number
  readonly transform: string
  readonly value: Buffer
  readonly key: Buffer | null
  readonly timestamp: number
  /** Start of the newest window that the record would have belonged to, epoch ms. */
  readonly windowStart: number
  readonly windowEnd: number
  readonly watermark: number
}

export interface CompiledStage {
  /**
   * Runs the records [from, count) of a block. Returns the index of the first record not processed: count when all are done, less when a slice's
   * worth of output was made, often with a window half closed (`closing`), and the task should flush or commit before it calls again with that index.
   */
  process(block: RecordBlock, from: number): number
  /** True while a window is being closed in slices; `process` must not be called with a new block before `resume` returned true. */
  readonly closing: boolean
  /** Goes on closing. Returns true when done. */
  resume(): boolean
  /** Current watermark of the task: no record with timestamp <= it will be accepted as on time. -Infinity before the first record. */
  readonly watermark: number
  /**
   * What it promises to whoever reads the results in its sink with this index: none with timestamp <= it will follow. Behind the watermark by what the windows
   * on the way there hold back.
   */
  forwardedTo(sink: number): number
  /** Whether all that write for it have nothing to write for now; null: it reads a source, and its partition tells. */
  readonly inputsIdle: boolean | null
  /** Names every partition that writes for it, `stage/partition`; there may be more than before, never fewer. Nothing for what reads a source. */
  expectWriters(writers: readonly string[]): void
  /** When the next window by processing time ends, epoch ms; Infinity when there is none, and in event time. */
  readonly dueAt: number
  /** The clock has come here, epoch ms. Brings processing time on, and closes windows that have ended though no record comes; may need `resume`. */
  tick(now: number): void
  /**
   * Closes every window there is, as if the input had ended; may need `resume`. The watermark rises as far as that takes and no further, and stays there:
   * a later record of a window that was closed is late, any other one counts.
   */
  endOfInput(): void
  /** Small state outside the tables (watermarks, maximum timestamps), for the position row. JSON. */
  snapshot(): StageSnapshot
  /** Goes to where a snapshot was taken. Called with the snapshot that belongs to the rows, before the first record and after each rollback. */
  restore(snapshot: StageSnapshot | null): void
  /** What the rows of each window mean, in words (uid -> words). Rows that were written under other words are not for this stage. */
  readonly state: Readonly<Record<string, string>>
  /** Counters since start, by name of metric; read by the metrics. */
  readonly counters: StageCounters
}

export interface StageSnapshot {
  /** Largest accepted event timestamp; null before the first. */
  readonly maxTimestamp: number | null
  /** How far processing time has come, epoch ms; absent in event time. */
  readonly processingTime?: number | undefined
  /** Watermark already forwarded per transform that holds one back (uid -> epoch ms). */
  readonly watermarks: Readonly<Record<string, number>>
  /** The same of transforms that are closing windows: what they forward once they are through. Absent where none is. */
  readonly closing?: Readonly<Record<string, number>> | undefined
  /** What those that write for it have promised; absent for what reads a source. */
  readonly writers?: MarkedSnapshot | undefined
  /** What keys of a type that nobody has declared were; absent where they are declared, or none was seen. */
  readonly keyKind?: KindOfKey | undefined
}

export interface StageCounters {
  recordsIn: number
  recordsOut: number
  windowsClosed: number
  readonly dropped: Record<DropReason, number>
}

export interface StageOptions {
  readonly store: StateStore
  /** Every partition that writes for the stage, `stage/partition`. @default none: it reads a source */
  readonly writers?: readonly string[]
  readonly output: StageOutput
  /** Epoch ms; only processing time and the bound against absurd future timestamps look at it. */
  readonly clock: () => number
  readonly maxFutureTimestampMs: number
  /** How many bytes of output a slice may make before it stops; one record, or one batch of a closing window, may go beyond. */
  readonly sliceBytes: number
}
