/** TLS and SASL settings whose files are read at each connection and each authentication, so that a rotated secret needs no restart. */
import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import type { SASLOptions } from 'kafkajs'
import type { KafkaConnection } from '../../config.ts'
import { StreamJobError } from '../../errors.ts'

/** kafkajs copies the object for every socket, which runs the getters. */
export function tlsOptions(tls: NonNullable<KafkaConnection['tls']>): ConnectionOptions {
  const files = { ca: tls.caFile, cert: tls.certFile, key: tls.keyFile }
  const options: ConnectionOptions = {}
  for (const [name, path] of Object.entries(files)) {
    if (path !== undefined) Object.defineProperty(options, name, { enumerable: true, get: () => readCredential(path) })
  }
  return options
}

/** kafkajs reads user name and password from the object in every authentication. */
export function saslOptions(sasl: NonNullable<KafkaConnection['sasl']>): SASLOptions {
  return {
    mechanism: sasl.mechanism,
    get username() {
      return readCredential(sasl.usernameFile).trimEnd()
    },
    get password() {
      return readCredential(sasl.passwordFile).replace(/\r?\n$/, '')
    },
  }
}

function readCredential(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new StreamJobError('kafka-authentication', `The Kafka credential file ${path} cannot be read: ${(cause as Error).message}`, {
      cause,
      fields: { path },
    })
  }
}
