/**
 * How transforms are put together. A stage is cut at its windows into stretches; within a stretch a value goes from function to function until it
 * ends in a window or the sink. Whatever may fail happens on the way there; the effects follow when the whole record has come through, so that a
 * record which fails leaves none.
 */
import { abandonPromise } from '../plan/expression.ts'
import type { CurrentRecord } from './record.ts'
import type { DropReason, StageCounters, StageOutput } from './stage.ts'

/** Takes a value on. Its key and timestamp stand in the current record. Throws `RecordRejected` and changes nothing outside when it can't. */
export type Push = (value: unknown) => void

/** Where a stretch ends. */
export interface StretchEnd {
  /** Computes what the value will do, and keeps it. May be called several times for one record, by a flatMap. */
  readonly push: Push
  /** Does what was kept. Errors from here are the task's, not the record's. */
  apply(): void
  /** Forgets what was kept. */
  discard(): void
}

/** What the transforms of a stage share. */
export interface ChainContext {
  readonly record: CurrentRecord
  readonly output: StageOutput
  readonly counters: StageCounters
  readonly slice: Slice
}

/** How much output the present slice has made, against its bound. Bytes; the rows that a window gives up count too. */
export interface Slice {
  spent: number
  readonly limit: number
  /** A timer was set behind the watermark: it is due although no watermark rises. */
  due: boolean
}

/** A record cannot go on. Thrown by transforms, caught where the record began. */
export class RecordRejected extends Error {
  readonly reason: DropReason

  constructor(reason: DropReason, message: string) {
    super(message)
    this.reason = reason
  }
}

/** What the author's function or expression threw, as the rejection of the record in work. */
export function processingFailure(transform: string, cause: unknown): RecordRejected {
  return new RecordRejected('processing', `${transform}: ${cause instanceof Error ? cause.message : String(cause)}`)
}

/** Refuses what no function may give: a promise, because the chain is synchronous, and nothing at all. */
export function requireValue(transform: string, value: unknown): void {
  if (value === undefined) throw new RecordRejected('processing', `${transform}: it gave undefined; use a filter to drop records`)
  if (!(value instanceof Promise)) return
  abandonPromise(value)
  throw new RecordRejected('processing', `${transform}: it gave a promise; functions of a transform are synchronous`)
}
