import { StreamJobError } from '../../errors.ts'
import type { Credentials } from './credentials.ts'

/** What was being done when something went wrong on the way to a broker. */
export interface Attempt {
  /** Names the request. */
  readonly doing: string
  /** Of the broker. */
  readonly address: string
  readonly credentials: Credentials
  /** Whether it has ever answered a request of ours on this connection. */
  readonly answered: boolean
}

/** What went wrong, in our words: what, where, and what to do. */
export function failureOf(error: unknown, attempt: Attempt): StreamJobError {
  if (error instanceof StreamJobError) return error
  const { doing, address } = attempt
  const fault = faultOf(error)
  const said = { cause: error, fields: { broker: address } }
  const refusal = refusalOf(fault, attempt)
  if (refusal !== null) return new StreamJobError('kafka-authentication', `${doing}: ${refusal}`, said)
  if (!fault.name.startsWith('KafkaJS')) {
    return new StreamJobError('kafka-protocol', `${doing}: the answer of ${address} cannot be read: ${fault.message}`, said)
  }
  const reason = `${fault.message}${suspicionOf(fault, attempt)}`
  return new StreamJobError('kafka-unreachable', `${doing}: no answer from ${address}: ${reason}`, { ...said, fields: { ...said.fields, reason } })
}

/**
 * That none of the brokers answered: why the first of them did not and, unless that says it, what to do. The same whatever order they were asked in: a
 * condition says it, and is not to change with every attempt.
 */
export function noAnswer(failures: readonly StreamJobError[], asked: readonly string[]): StreamJobError {
  const brokers = asked.toSorted()
  const cause = failures.find(({ fields }) => fields['broker'] === brokers[0]) ?? failures[0]
  const { broker, reason } = cause?.fields ?? {}
  const said = typeof reason === 'string' ? reason.replace(` ${String(broker)}`, '') : (cause?.message ?? 'none is known')
  const why = brokers.length > 1 && typeof reason === 'string' ? `${String(broker)}: ${said}` : said
  const advice = said.includes('spec.kafka.') ? '' : '. Check spec.kafka.brokers, network policies, and whether the brokers run'
  return new StreamJobError('kafka-unreachable', `No Kafka broker answered (${brokers.join(', ')}): ${why}${advice}`, { cause, fields: { brokers } })
}

/**
 * Whether the connection is of no more use: an answer that is given up may still come on it, and after half an authentication the broker takes nothing
 * but the other half.
 */
export function endsConnection(error: unknown): boolean {
  return error instanceof StreamJobError && (error.code === 'kafka-unreachable' || error.code === 'kafka-authentication')
}

interface Fault {
  readonly name: string
  readonly message: string
  /** Of Node and OpenSSL. */
  readonly code: string
  /** Of a broker's error. */
  readonly type: string
}

function faultOf(error: unknown): Fault {
  const { name = '', message = String(error), code, type } = error as { name?: string; message?: string; code?: unknown; type?: unknown }
  const words = { name, code: typeof code === 'string' ? code : '', type: typeof type === 'string' ? type : '' }
  // OpenSSL's own message holds an address in memory, another one each time; its code says the same. Node's advice is for a shell.
  const own = words.code.startsWith('ERR_SSL_')
    ? readable(words.code.slice('ERR_SSL_'.length))
    : message.replace(/^Connection error: |; if the root CA .*$/g, '')
  return { ...words, message: own }
}

/** Why the two do not accept each other, and what to do; null when it is not for their credentials. */
function refusalOf({ name, message, code, type }: Fault, { address, credentials }: Attempt): string | null {
  const { nameOf, connection } = credentials
  const { tls, sasl } = connection
  if (type.includes('SASL_MECHANISM') || type.includes('SASL_STATE')) {
    return `${address} does not take SASL by ${sasl?.mechanism}: ${message}. Choose the mechanism, or the listener, in spec.kafka`
  }
  if (name === 'KafkaJSSASLAuthenticationError' || type.includes('SASL')) {
    const files = sasl && `user name and password in ${nameOf(sasl.usernameFile)} and ${nameOf(sasl.passwordFile)}`
    return `${address} refused ${files}: ${message}. Put the right ones there; no restart is needed`
  }
  if (code.includes('_ALERT_')) {
    const alert = readable(code.replace(/^.*_ALERT_/, ''))
    if (tls?.certFile === undefined)
      return `${address} ended TLS for want of a client certificate (${alert}). Name its Secret in spec.kafka.tls.clientSecret`
    return `${address} refused the client certificate in ${nameOf(tls.certFile)} (${alert}). Put one there that an authority of the brokers has signed; no restart is needed`
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `the certificate of ${address} is for another name: ${message}. Write a name of the certificate in spec.kafka.brokers, and in the broker's advertised.listeners`
  }
  if (verification.test(code)) {
    const cure =
      tls?.caFile === undefined
        ? 'Name the Secret of its authority in spec.kafka.tls.caSecret'
        : `Put its authority into ${nameOf(tls.caFile)}; no restart is needed`
    return `the certificate of ${address} is not trusted: ${message}. ${cure}`
  }
  return null
}

/** Node's codes for a certificate that does not stand the test. */
const verification = /^(?!ERR_SSL).*(CERT|SIGNATURE|ISSUER|CRL|INVALID_CA|INVALID_PURPOSE)/

/** What a listener that wants other settings than ours does: it hangs up, without a word. */
function suspicionOf({ name, code }: Fault, { answered, credentials: { connection } }: Attempt): string {
  if (answered || (name !== 'KafkaJSConnectionClosedError' && code !== 'ECONNRESET')) return ''
  if (connection.tls === undefined) return '. A listener that wants TLS does this: then set spec.kafka.tls'
  return code === 'ECONNRESET'
    ? '. A listener without TLS does this: then leave spec.kafka.tls out'
    : connection.sasl === undefined
      ? '. A listener that wants SASL does this: then set spec.kafka.sasl'
      : ''
}

const readable = (code: string): string => code.toLowerCase().replaceAll('_', ' ')
