import type { Firing } from '../../plan/nodes/windows.ts'
import type { RowId, StateStore, StateTable } from '../../state/store.ts'
import type { CurrentRecord } from '../record.ts'

/** What a window keeps per key: the part that differs between aggregates and a reduce. One row per key and window, its namespace the window's start. */
export interface WindowContents {
  readonly table: StateTable
  /** What a row holds, in words that change when a row must be read in another way. */
  readonly meaning: string
  /** Computes what a value changes in its open windows, of which the newest starts at `newestStart`. Throws RecordRejected; changes no row. */
  prepare(value: unknown, newestStart: number, openWindows: number): void
  /** Changes the rows. */
  apply(): void
  discard(): void
  /** Takes what another row of the same key holds into this one, as if its records had come behind. Throws RecordRejected. */
  merge(into: RowId, from: RowId): void
  /** The result of a row; `firing` is a field of it where a window fires more than once. */
  result(row: RowId, key: unknown, windowStart: number, windowEnd: number, firing?: Firing): unknown
  /** About how much memory the result takes. Bytes. */
  resultBytes(row: RowId): number
  /** How far the row has fired; kept only in windows that fire more than once. */
  markOf(row: RowId): Mark
  setMark(row: RowId, mark: Mark): void
}

export interface ContentsOptions {
  readonly store: StateStore
  readonly record: CurrentRecord
  /** Distance between the starts of two windows; 0 where a record is in one only. */
  readonly slideMs: number
  /** Whether rows bear marks. */
  readonly marked: boolean
}

/** `changed`: since it last fired, or it never did. `early`: it has fired early, as it is. `fired`: at the end of its window, or after it, as it is. */
export const mark = { changed: 0, early: 1, fired: 2 } as const
export type Mark = (typeof mark)[keyof typeof mark]

/** A row is sent as one Kafka record, which brokers take to a megabyte unless they are told otherwise. */
export const mostRowBytes = 900_000

/** The fields that every result begins with. */
export function resultHead(key: unknown, windowStart: number, windowEnd: number, firing?: Firing): Record<string, unknown> {
  return firing === undefined ? { key, windowStart, windowEnd } : { key, windowStart, windowEnd, firing }
}
