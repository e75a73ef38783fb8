import type { Firing } from '../../plan/nodes/windows.ts'
import type { RowId } from '../../state/store.ts'
import type { ChainContext, RecordRejected } from '../chain.ts'
import type { Stretch } from '../running/stretch.ts'
import type { WindowContents } from './contents.ts'

export interface ResultsOptions {
  readonly uid: string
  readonly contents: WindowContents
  /** The key of a result, from the bytes of the record key. */
  readonly readKey: (key: Buffer) => unknown
  readonly context: ChainContext
  /** Where results go. */
  readonly next: Stretch
  /** What gives results, in words. @default 'window' */
  readonly what?: 'session'
}

/** What a result says of its place in time. Epoch ms; `end` is exclusive. */
export interface Span {
  readonly start: number
  readonly end: number
  /** Of the result as a record. */
  readonly timestamp: number
}

/** Which rows of a window give results, and as what. */
export interface Selection {
  readonly start: number
  /** Exclusive. */
  readonly end: number
  readonly firing?: Firing | undefined
  /** The row to go on behind; -1: from the first on. */
  readonly after: RowId
  readonly wants: (row: RowId) => boolean
  /** Marks the row, or deletes it, when its result has been made. */
  readonly done: (row: RowId) => void
}

/** No batch of results in hand is longer. */
const batchRows = 256

/** Sends what a window's rows hold on as results. */
export class Results {
  readonly #options: ResultsOptions

  constructor(options: ResultsOptions) {
    this.#options = options
  }

  /** Results of some rows, as many as the slice has room for and at least one. Tells which row was looked at last, and whether it was the last one. */
  sendSome({ start, end, firing, after, wants, done }: Selection): { readonly last: RowId; readonly ended: boolean } {
    const { contents, context, readKey } = this.#options
    const { slice } = context
    const { table } = contents
    const keys: Buffer[] = []
    const results: unknown[] = []
    const room = slice.limit - slice.spent
    let taken = 0
    let last = after
    let full = false
    const visit = (row: RowId): void => {
      if (taken >= room) full = true
      if (full) return
      last = row
      if (!wants(row)) return
      const key = table.keyOf(row)
      taken += key.length + contents.resultBytes(row)
      keys.push(key)
      results.push(contents.result(row, readKey(key), start, end, firing))
      done(row)
    }
    const visited = table.drain(start, batchRows, visit, after)
    slice.spent += taken
    for (let i = 0; i < keys.length; i++) this.#send(keys[i]!, results[i], { start, end, timestamp: end - 1 })
    return { last, ended: visited < batchRows && !full }
  }

  /** The result of one row, which is marked or deleted by `done` when it has been made. */
  sendOne(row: RowId, span: Span, firing: Firing | undefined, done: (row: RowId) => void): void {
    const { contents, context, readKey } = this.#options
    const key = contents.table.keyOf(row)
    context.slice.spent += key.length + contents.resultBytes(row)
    const result = contents.result(row, readKey(key), span.start, span.end, firing)
    done(row)
    this.#send(key, result, span)
  }

  /** Takes rows of a window out of the table without a result, a slice's worth at most. */
  dropSome(start: number): void {
    const { contents, context } = this.#options
    const { slice } = context
    const { table } = contents
    table.drain(start, batchRows, (row) => {
      if (slice.spent >= slice.limit) return
      slice.spent += table.keyOf(row).length + droppedBytes
      table.delete(row)
    })
  }

  /** There is no result, because it can not be made. */
  refuse(key: Buffer, rejected: RecordRejected, span: Span): void {
    this.#options.context.record.moveToResult(key, span.timestamp)
    this.#reject(rejected, span)
  }

  #send(key: Buffer, result: unknown, span: Span): void {
    const { context, next } = this.#options
    context.record.moveToResult(key, span.timestamp)
    const rejected = next.run(result)
    if (rejected !== null) this.#reject(rejected, span)
  }

  /**
   * A result that fails downstream is a dead letter without a source record: the one by which the window came to fire is not to blame, has counted, and
   * would be another one after a crash.
   */
  #reject(rejected: RecordRejected, { start, end }: Span): void {
    const { context, uid, what = 'window' } = this.#options
    const { record, output, counters } = context
    counters.dropped[rejected.reason]++
    const result = `the result of ${what} "${uid}" [${start}, ${end}) for key ${JSON.stringify(record.key)}`
    output.deadLetter(-1, rejected.reason, `${result} failed: ${rejected.message}`)
  }
}

/** About what the tombstone of a row takes beside its key. */
const droppedBytes = 32
