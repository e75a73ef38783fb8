import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Kafka } from '../../crds/spec/kafka.ts'
import type { KafkaConnection } from '../../runtime/config.ts'
import type { KubeClient } from '../kube/client.ts'
import { secrets } from '../kube/resources.ts'

/** How to reach a job's brokers; the files of its credentials are removed when it is disposed of. */
export interface KafkaAccess extends AsyncDisposable {
  readonly connection: KafkaConnection
}

/** A Secret that the spec names, or a key of it, does not exist. */
export class SecretMissing extends Error {
  override readonly name = 'SecretMissing'
}

/**
 * Reads the Secrets that the spec names, each by `get`, and lays their contents down as files that only this process can read. They are read anew for
 * every connection, so a rotated Secret is used at the next one. Throws SecretMissing, KubeError.
 */
export async function readKafkaAccess(kube: KubeClient, namespace: string, kafka: Kafka, signal: AbortSignal): Promise<KafkaAccess> {
  const { tls, sasl } = kafka
  const read = secretReader(kube, namespace, signal)
  const contents: Record<string, Buffer> = {}
  if (tls?.caSecret) contents['ca.crt'] = await read(tls.caSecret.name, tls.caSecret.key)
  if (tls?.clientSecret !== undefined) {
    contents['tls.crt'] = await read(tls.clientSecret, 'tls.crt')
    contents['tls.key'] = await read(tls.clientSecret, 'tls.key')
  }
  if (sasl) {
    contents['username'] = await read(sasl.secret, 'username')
    contents['password'] = await read(sasl.secret, 'password')
  }
  const folder = Object.keys(contents).length === 0 ? null : await mkdtemp(join(tmpdir(), 'streamjob-kafka-'))
  const remove = async (): Promise<void> => {
    if (folder !== null) await rm(folder, { recursive: true, force: true })
  }
  try {
    for (const [name, content] of Object.entries(contents)) await writeFile(join(folder ?? '', name), content, { mode: 0o600 })
  } catch (error) {
    await remove()
    throw error
  }
  const file = (name: string): string => join(folder ?? '', name)
  return { connection: connectionOf(kafka, file), [Symbol.asyncDispose]: remove }
}

function connectionOf({ brokers, tls, sasl }: Kafka, file: (name: string) => string): KafkaConnection {
  return {
    brokers,
    ...(tls && {
      tls: {
        ...(tls.caSecret && { caFile: file('ca.crt') }),
        ...(tls.clientSecret !== undefined && { certFile: file('tls.crt'), keyFile: file('tls.key') }),
      },
    }),
    // Another mechanism was refused when the spec was validated.
    ...(sasl &&
      sasl.mechanism !== 'oauthbearer' && { sasl: { mechanism: sasl.mechanism, usernameFile: file('username'), passwordFile: file('password') } }),
  }
}

function secretReader(kube: KubeClient, namespace: string, signal: AbortSignal) {
  const read = new Map<string, Readonly<Record<string, string>>>()
  return async (name: string, key: string): Promise<Buffer> => {
    let data = read.get(name)
    if (data === undefined) {
      const secret = await kube.find(secrets, { namespace, name }, { signal })
      if (secret === null) throw new SecretMissing(`the Secret ${name} does not exist`)
      data = secret.data ?? {}
      read.set(name, data)
    }
    const value = data[key]
    if (value === undefined) throw new SecretMissing(`the Secret ${name} has no key ${key}`)
    return Buffer.from(value, 'base64')
  }
}
