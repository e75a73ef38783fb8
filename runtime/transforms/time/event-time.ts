import { parseTimestamp } from '../../formats/text-values.ts'
import { BoundedWatermark } from '../../time/watermark.ts'
import { abandonPromise } from '../../plan/expression.ts'
import type { EventTimeNode, RecordContext } from '../../plan/nodes.ts'
import { processingFailure, RecordRejected } from '../chain.ts'
import type { ChainContext, Push } from '../chain.ts'
import type { StageTime } from './stage-time.ts'

export interface EventTimeOptions {
  /** Epoch ms. */
  readonly clock: () => number
  readonly maxFutureTimestampMs: number
}

/**
 * Gives records their event time, and follows the watermark record by record: every value of a record is judged with the watermark before it, and
 * `apply` raises it behind the record. A record that fails anywhere in the chain does not move it, one that a filter drops does.
 */
export class EventTime implements StageTime {
  readonly watermark: BoundedWatermark
  readonly byClock = false
  /** Largest timestamp of the record in work. */
  #pending = -Infinity
  /** Timestamps up to here were found to be not absurd; the clock is asked again beyond it. */
  #plausible = -Infinity
  readonly #options: EventTimeOptions

  constructor(node: EventTimeNode, options: EventTimeOptions) {
    this.watermark = new BoundedWatermark(node.outOfOrdernessMs)
    this.#options = options
  }

  transform(node: EventTimeNode, context: ChainContext, next: Push): Push {
    const { record } = context
    const read = timestampReader(node)
    return (value) => {
      const timestamp = Math.floor(read(value, record))
      // Not a comparison with <: NaN must fail too.
      if (!(timestamp >= 0) || timestamp === Infinity) throw badTimestamp(node)
      if (timestamp > this.#plausible) this.#checkFuture(timestamp)
      if (timestamp > this.#pending) this.#pending = timestamp
      record.timestamp = timestamp
      next(value)
    }
  }

  apply(): boolean {
    const timestamp = this.#pending
    if (timestamp <= this.watermark.maxTimestamp) return false
    return this.watermark.advance(timestamp)
  }

  begin(): void {
    this.#pending = -Infinity
  }

  /** Records alone make event time go on. */
  tick(): boolean {
    return false
  }

  #checkFuture(timestamp: number): void {
    this.#plausible = this.#options.clock() + this.#options.maxFutureTimestampMs
    if (timestamp <= this.#plausible) return
    const ahead = timestamp - (this.#plausible - this.#options.maxFutureTimestampMs)
    throw new RecordRejected('future-timestamp', `its event time ${timestamp} is ${ahead} ms ahead of the clock`)
  }
}

/** Gives NaN for what is no timestamp. */
function timestampReader(node: EventTimeNode): (value: unknown, record: RecordContext) => number {
  const source = node.timestamp
  switch (source.kind) {
    case 'record':
      return (_value, record) => record.timestamp
    case 'field': {
      const { name } = source
      return (value) => toTimestamp(fieldOf(value, name))
    }
    case 'header': {
      const { name } = source
      return (_value, record) => headerTimestamp(record.header(name))
    }
    case 'lambda': {
      const call = source.call as (value: unknown, record: RecordContext) => unknown
      const name = `eventTime "${node.uid}"`
      return (value, record) => {
        try {
          return toTimestamp(call(value, record))
        } catch (error) {
          throw processingFailure(name, error)
        }
      }
    }
  }
}

/** A declared timestamp has been read as a number; behind a format without schema it may still be ISO 8601 text. */
function toTimestamp(value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') {
    abandonPromise(value)
    return NaN
  }
  const text = Buffer.from(value)
  return parseTimestamp(text, 0, text.length)
}

/** Headers have no types: a number is text too. */
function headerTimestamp(text: string | null): number {
  return text !== null && /^\d{1,16}$/.test(text) ? Number(text) : toTimestamp(text)
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}

function badTimestamp(node: EventTimeNode): RecordRejected {
  return new RecordRejected('bad-timestamp', `${nameOf(node.timestamp)} gives no event time: it must be epoch ms, not negative, or ISO 8601 text`)
}

function nameOf(timestamp: EventTimeNode['timestamp']): string {
  if (timestamp.kind === 'field' || timestamp.kind === 'header') return `${timestamp.kind} "${timestamp.name}"`
  return timestamp.kind === 'record' ? 'its record timestamp' : 'its timestamp function'
}
