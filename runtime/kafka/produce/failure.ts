import { StreamJobError } from '../../errors.ts'

/** What a producer throws that is `failed` from now on: waiting and trying again does not help it, so what would only ask for that becomes a rewind. */
export function finalFailure(error: unknown, producer: string): StreamJobError {
  if (error instanceof StreamJobError && error.recovery !== 'retry') return error
  const message = error instanceof Error ? error.message : String(error)
  const fields = error instanceof StreamJobError ? { ...error.fields, reason: error.code } : {}
  return new StreamJobError('transaction-lost', `${producer} gave up: ${message}`, { cause: error, fields })
}
