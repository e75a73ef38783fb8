/** Why a worker must not work under a job record. */
import type { ErrorCode } from '../../errors.ts'
import type { JobRecord } from '../../protocol.ts'
import { failureOf } from '../failure.ts'
import type { WorkerParts } from '../parts.ts'
import type { WorkerState } from '../status.ts'
import type { JobOrder } from './order.ts'

export interface Refusal {
  readonly reason: string
  /** What is wrong; null where nothing is: the job is to stand still, or this worker is to go. */
  readonly code: ErrorCode | null
}

/** Null: it may work. `jobUid` null: it works for whoever the record names. */
export function refusalOf(
  record: JobRecord,
  worker: { readonly codeHash: string; readonly ordinal: number; readonly jobUid: string | null },
): Refusal | null {
  const { codeHash, ordinal, jobUid } = worker
  const { identity, parallelism, mode } = record
  if (jobUid !== null && identity.uid !== jobUid) {
    const reason = `the job record in Kafka belongs to the StreamJob with uid ${identity.uid}, this worker to ${jobUid}`
    return { reason, code: 'identity-conflict' }
  }
  if (mode === 'stop') return { reason: 'the job is suspended', code: null }
  if (record.codeHash !== codeHash) {
    return { reason: `this worker's code is ${codeHash}, the job record names ${record.codeHash}`, code: 'code-mismatch' }
  }
  if (ordinal >= parallelism) return { reason: `ordinal ${ordinal} is beyond the parallelism of ${parallelism}`, code: null }
  return null
}

/** What is wrong with the job record, or with this worker under it. */
export function orderErrorOf({ current, trouble }: JobOrder, worker: Pick<WorkerParts, 'codeHash' | 'ordinal' | 'jobUid'>): WorkerState['error'] {
  if (current === null) {
    if (trouble === null) return null
    const { code, message } = failureOf(trouble)
    return { code, message }
  }
  const refusal = refusalOf(current, worker)
  return refusal === null || refusal.code === null ? null : { code: refusal.code, message: refusal.reason }
}
