/** What the chained builder takes for the time of a record. */
import type { EventTimeNode, RecordContext } from '../plan/nodes.ts'
import { lambda } from './additions.ts'
import type { Duration, TimestampField } from './values.ts'

/** Where the time of a record is written: a field, a function of it (epoch ms), its Kafka timestamp, a header (epoch ms or ISO 8601 text). */
export type EventTimeSource<V> =
  TimestampField<V> | ((value: V, record: RecordContext) => number) | { readonly from: 'record' } | { readonly header: string }

export interface DriftOptions {
  /**
   * How far, in event time, a partition may be ahead of the one that is furthest behind, of all sources of the job that have this: it is not read on until the
   * others have caught up. So the state of windows behind a `keyBy` does not grow with the skew of a backlog. @default as far as it gets
   */
  readonly maxDrift?: Duration
}

export type EventTimeOptions = DriftOptions & DisorderOptions

export type DisorderOptions =
  | {
      /** How much older than the newest record a record may be and still count in every window. */
      readonly outOfOrderness: Duration
      readonly monotonous?: never
    }
  | {
      /** No record of a partition is older than the one before it. One that is counts where its windows are open still, and is late where they are not. */
      readonly monotonous: true
      readonly outOfOrderness?: never
    }

/** The same as the plan has it. */
export function timestampOf<V>(timestamp: EventTimeSource<V>): EventTimeNode['timestamp'] {
  if (typeof timestamp === 'function') return lambda(timestamp)
  if (typeof timestamp === 'string') return { kind: 'field', name: timestamp }
  return 'header' in timestamp ? { kind: 'header', name: timestamp.header } : { kind: 'record' }
}
