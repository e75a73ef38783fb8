/** TLS and SASL settings whose files are read at each connection and each authentication, so that a rotated secret needs no restart. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import type { SASLOptions } from 'kafkajs'
import type { KafkaConnection } from '../../config.ts'
import { StreamJobError } from '../../errors.ts'

/** The credentials of one connection, and what messages call the files that they are in. */
export class Credentials {
  readonly connection: KafkaConnection
  readonly nameOf: (path: string) => string

  constructor(connection: KafkaConnection, nameOf: (path: string) => string = (path) => path) {
    this.connection = connection
    this.nameOf = nameOf
  }

  /** What can be said about the files without a broker. Throws `kafka-authentication` for one that is missing, empty or not what it should be. */
  check(): void {
    const { tls, sasl } = this.connection
    if (tls?.caFile !== undefined) this.#certificate(tls.caFile, 'the certificate of the authority')
    const certificate = tls?.certFile === undefined ? null : this.#certificate(tls.certFile, 'the client certificate')
    if (tls?.keyFile !== undefined) this.#key(tls.keyFile, certificate, tls.certFile)
    if (sasl !== undefined) this.#user(sasl)
  }

  /** kafkajs copies the object for every socket, which runs the getters. */
  tlsOptions(): ConnectionOptions | undefined {
    const { tls } = this.connection
    if (tls === undefined) return undefined
    const options: ConnectionOptions = {}
    for (const [name, path] of Object.entries({ ca: tls.caFile, cert: tls.certFile, key: tls.keyFile })) {
      if (path !== undefined) Object.defineProperty(options, name, { enumerable: true, get: () => this.#read(path, 'what is missing') })
    }
    return options
  }

  /** kafkajs reads user name and password from the object in every authentication. */
  saslOptions(): SASLOptions | undefined {
    const { sasl } = this.connection
    if (sasl === undefined) return undefined
    const user = (): { username: string; password: string } => this.#user(sasl)
    return {
      mechanism: sasl.mechanism,
      get username() {
        return user().username
      },
      get password() {
        return user().password
      },
    }
  }

  #user(sasl: NonNullable<KafkaConnection['sasl']>): { username: string; password: string } {
    return { username: this.#read(sasl.usernameFile, 'the user name').trimEnd(), password: this.#read(sasl.passwordFile, 'the password') }
  }

  #certificate(path: string, what: string): X509Certificate {
    const text = this.#read(path, what)
    try {
      return new X509Certificate(text)
    } catch (cause) {
      throw this.#wrong(path, `holds no certificate in PEM. Put ${what} into it`, cause)
    }
  }

  #key(path: string, certificate: X509Certificate | null, certificatePath = ''): void {
    const text = this.#read(path, 'the key of the client certificate')
    let matches: boolean
    try {
      matches = certificate?.checkPrivateKey(createPrivateKey(text)) ?? true
    } catch (cause) {
      throw this.#wrong(path, 'holds no key in PEM. Put the key of the client certificate into it, without a passphrase', cause)
    }
    if (!matches)
      throw this.#wrong(path, `holds another key than that of the certificate in ${this.nameOf(certificatePath)}. Put the two of a pair there`)
  }

  /** Without the newline at the end that editors and `echo` leave there. */
  #read(path: string, what: string): string {
    let text: string
    try {
      text = readFileSync(path, 'utf8').replace(/\r?\n$/, '')
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException // what the file system throws
      throw this.#wrong(path, `cannot be read (${code}). Put ${what} there`, cause)
    }
    if (text === '') throw this.#wrong(path, `is empty. Put ${what} into it`)
    return text
  }

  #wrong(path: string, problem: string, cause?: unknown): StreamJobError {
    return new StreamJobError('kafka-authentication', `Kafka credentials: ${this.nameOf(path)} ${problem}; no restart is needed`, {
      cause,
      fields: { path },
    })
  }
}
