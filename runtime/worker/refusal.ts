import type { JobRecord } from '../protocol.ts'
import { failureOf } from './failure.ts'
import type { JobOrder } from './group/order.ts'
import type { WorkerParts } from './parts.ts'
import type { WorkerState } from './status.ts'

/** Why this worker must not work under the record; null: it may. */
export function refusalOf(record: JobRecord, { codeHash, ordinal }: Pick<WorkerParts, 'codeHash' | 'ordinal'>): string | null {
  if (record.mode === 'stop') return 'the job is suspended'
  if (record.codeHash !== codeHash) return `this worker's code is ${codeHash}, the job record names ${record.codeHash}`
  if (ordinal >= record.parallelism) return `ordinal ${ordinal} is beyond the parallelism of ${record.parallelism}`
  return null
}

/** What is wrong with the job record, or with this worker under it. */
export function orderErrorOf({ current, trouble }: JobOrder, parts: Pick<WorkerParts, 'codeHash' | 'ordinal'>): WorkerState['error'] {
  if (current === null) {
    if (trouble === null) return null
    const { code, message } = failureOf(trouble)
    return { code, message }
  }
  if (current.mode !== 'run' || current.codeHash === parts.codeHash) return null
  return { code: 'code-mismatch', message: refusalOf(current, parts) ?? '' }
}
