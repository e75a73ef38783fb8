import { brokerErrors } from '../../../../runtime/kafka/broker-errors.ts'

/** The name of an error number of the protocol, so that a failed comparison reads well; `NONE` for none. */
export function errorName(error: number): string {
  return error === 0 ? 'NONE' : (brokerErrors.get(error)?.name ?? `error ${error}`)
}

/** What says that the same request may be answered otherwise in a moment: coordinators that begin, transactions that end. */
export function isPassing(error: string): boolean {
  return error === 'COORDINATOR_LOAD_IN_PROGRESS' || error === 'COORDINATOR_NOT_AVAILABLE' || error === 'CONCURRENT_TRANSACTIONS'
}
