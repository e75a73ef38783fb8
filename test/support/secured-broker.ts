/** A broker of its own that demands credentials: TLS with SASL on one listener, TLS with a client certificate on another. */
import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeAuthority, makeCertificate } from '../../hack/infra/machine/certificates.ts'
import { brokerDown, brokerUp } from '../../hack/infra/kafka/broker.ts'
import { securedAddressesOf } from '../../hack/infra/kafka/settings.ts'
import { needCommands } from '../../hack/infra/machine/packages.ts'
import { KafkajsTransport } from '../../runtime/kafka/kafkajs/transport.ts'
import { silent } from '../../runtime/kafka/log.ts'
import type { RequestKind } from '../../runtime/kafka/wire/request.ts'

export interface SecuredBroker extends AsyncDisposable {
  /** Of the listener that demands nothing. */
  readonly plaintext: string
  readonly sasl: string
  readonly mutual: string
  /** A file of the authorities and certificates: `ca.crt` signed the broker's, `stranger.crt` nobody's, `client.crt` and `client.key` are a client's. */
  file(name: string): string
  /** Makes the SCRAM user, or gives it another password. */
  setPassword(mechanism: ScramMechanism, user: string, password: string): Promise<void>
}

export type ScramMechanism = 'scram-sha-256' | 'scram-sha-512'

/** Who may come by SASL/PLAIN. */
export const plainUser = { username: 'plain', password: 'plain-secret' } as const

/** Starts it without data of earlier runs; stopped and removed when it is disposed of. One at a time. */
export async function startSecuredBroker(): Promise<SecuredBroker> {
  await needCommands('certificates', [{ command: 'openssl', package: 'openssl' }])
  await brokerDown('secured')
  const folder = await mkdtemp(join(tmpdir(), 'streamjob-secured-'))
  const file = (name: string): string => join(folder, name)
  await Promise.all([makeAuthority(folder, 'ca'), makeAuthority(folder, 'stranger')])
  await makeCertificate(folder, { name: 'broker', subject: '/CN=broker', usage: 'serverAuth', alternatives: ['IP:127.0.0.1'] })
  await makeCertificate(folder, { name: 'client', subject: '/CN=client', usage: 'clientAuth' })
  const [authority, certificate, key] = await Promise.all(['ca.crt', 'broker.crt', 'broker.key'].map((name) => readFile(file(name), 'utf8')))
  const plainUsers = { [plainUser.username]: plainUser.password }
  const { address, settings } = await brokerUp('secured', null, { authority: authority!, certificate: certificate!, key: key!, plainUsers })
  return {
    plaintext: address,
    ...securedAddressesOf(settings),
    file,
    async setPassword(mechanism, user, password) {
      await using transport = new KafkajsTransport({ brokers: [address] }, { clientId: 'test', log: silent })
      const errors = await transport.channel().ask(alterScramUser, { mechanism, user, password })
      const failed = errors.find(({ error }) => error !== 0)
      if (failed !== undefined) throw new Error(`the broker refused the password of ${user}: ${failed.message ?? failed.error}`)
    },
    async [Symbol.asyncDispose]() {
      await brokerDown('secured')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

interface ScramUser {
  readonly mechanism: ScramMechanism
  readonly user: string
  readonly password: string
}

const mechanisms = { 'scram-sha-256': { id: 1, hash: 'sha256', bytes: 32 }, 'scram-sha-512': { id: 2, hash: 'sha512', bytes: 64 } } as const
const iterations = 4_096

/** AlterUserScramCredentials (KIP-554): the salted password is made here, the broker keeps what it needs of it. */
const alterScramUser: RequestKind<ScramUser, readonly { readonly error: number; readonly message: string | null }[]> = {
  apiKey: 51,
  version: 0,
  name: 'AlterUserScramCredentials',
  flexible: true,
  encode: (w, { mechanism, user, password }) => {
    const { id, hash, bytes } = mechanisms[mechanism]
    const salt = randomBytes(24)
    const salted = pbkdf2Sync(password, salt, iterations, bytes, hash)
    w.compactArray([], () => w)
      .compactArray([user], (name) => {
        w.compactString(name).int8(id).int32(iterations)
        for (const part of [salt, salted]) w.unsignedVarint(part.length + 1).raw(part)
        w.tags()
      })
      .tags()
  },
  decode(r) {
    r.int32()
    return r.compactArray(() => {
      r.compactString()
      const result = { error: r.int16(), message: r.nullableCompactString() }
      r.tags()
      return result
    })
  },
}
