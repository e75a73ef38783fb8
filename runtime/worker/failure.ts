/** What a failure is for the log, the status and the recovery. */
import { recoveryOf, StreamJobError } from '../errors.ts'
import type { Recovery } from '../errors.ts'

/** Fields for the log; `code` and `message` for the status too. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly recovery: Recovery
  /** The open commit is lost, and may go through at once when it is made again. */
  readonly rewinds: boolean
  readonly fields: Readonly<Record<string, unknown>>
}

/** A transaction that was lost because of something else is reported as that: unreachable brokers, missing permissions. */
export function failureOf(error: unknown): Failure {
  const root = rootOf(error)
  const recovery = recoveryOf(root)
  const rewinds = recoveryOf(error) === 'rewind' && (recovery === 'rewind' || recovery === 'retry')
  const message = root instanceof Error ? root.message : String(root)
  const shared = { message, recovery, rewinds }
  if (!(root instanceof StreamJobError)) {
    const stack = root instanceof Error ? root.stack : undefined
    return { ...shared, code: 'internal', fields: { code: 'internal', error: message, stack } }
  }
  const cause = root.cause instanceof Error ? root.cause.message : undefined
  return { ...shared, code: root.code, fields: { ...root.fields, code: root.code, error: message, cause } }
}

/** How long to wait after so many failures in a row; where a human is needed, until it is worth another look. Milliseconds. */
export function pauseAfter(recovery: Recovery, failures: number): number {
  return recovery === 'stop' ? 60_000 : Math.min(10_000, 125 * 2 ** Math.min(failures, 7))
}

function rootOf(error: unknown): unknown {
  let root = error
  while (root instanceof StreamJobError && root.code === 'transaction-lost' && root.cause instanceof StreamJobError) root = root.cause
  return root
}
