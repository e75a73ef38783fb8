import { StreamJobError } from '../../errors.ts'

/** What went wrong on the way to a broker, in our words; `doing` names the request and `address` the broker. */
export function failureOf(error: unknown, doing: string, address: string): StreamJobError {
  if (error instanceof StreamJobError) return error
  const { name, message } = error instanceof Error ? error : { name: '', message: String(error) }
  const said = { cause: error, fields: { broker: address } }
  if (isCredentialFault(error, name, message)) {
    return new StreamJobError('kafka-authentication', `${doing}: ${address} refused the credentials: ${message}`, said)
  }
  if (name.startsWith('KafkaJS')) return new StreamJobError('kafka-unreachable', `${doing}: no answer from ${address}: ${message}`, said)
  return new StreamJobError('kafka-protocol', `${doing}: the answer of ${address} cannot be read: ${message}`, said)
}

/** Whether the request may be on its way or carried out although no answer came. */
export function isLostConnection(error: unknown): boolean {
  return error instanceof StreamJobError && error.code === 'kafka-unreachable'
}

function isCredentialFault(error: unknown, name: string, message: string): boolean {
  const { type, code } = error as { type?: unknown; code?: unknown }
  if (name === 'KafkaJSSASLAuthenticationError' || (typeof type === 'string' && type.includes('SASL'))) return true
  return message.includes('credential file') || (typeof code === 'string' && /CERT|SSL|TLS|SIGNATURE|ISSUER/.test(code))
}
