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
  /** What a file of the connection is to whoever wrote the spec: a key of a Secret. */
  readonly nameOf: (path: string) => string
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
  const read = secretReader(kube, namespace, signal)
  const files: (KafkaFile & { readonly content: Buffer })[] = []
  for (const file of filesOf(kafka)) files.push({ ...file, content: await read(file.secret, file.key) })
  const folder = files.length === 0 ? '' : await mkdtemp(join(tmpdir(), 'streamjob-kafka-'))
  const remove = async (): Promise<void> => {
    if (folder !== '') await rm(folder, { recursive: true, force: true })
  }
  const pathOf = (file: string): string => join(folder, file)
  try {
    for (const { file, content } of files) await writeFile(pathOf(file), content, { mode: 0o600 })
  } catch (error) {
    await remove()
    throw error
  }
  const names = new Map(files.map(({ file, secret, key }) => [pathOf(file), `the key ${key} of the Secret ${secret}`]))
  return { connection: connectionOf(kafka, pathOf), nameOf: (path) => names.get(path) ?? path, [Symbol.asyncDispose]: remove }
}

/** A file, and where its content comes from. */
interface KafkaFile {
  readonly file: string
  readonly secret: string
  readonly key: string
}

function filesOf({ tls, sasl }: Kafka): readonly KafkaFile[] {
  const of = (secret: string | undefined, ...keys: readonly string[]): KafkaFile[] =>
    secret === undefined ? [] : keys.map((key) => ({ file: key, secret, key }))
  const authority = tls?.caSecret && { file: 'ca.crt', secret: tls.caSecret.name, key: tls.caSecret.key }
  return [...(authority ? [authority] : []), ...of(tls?.clientSecret, 'tls.crt', 'tls.key'), ...of(sasl?.secret, 'username', 'password')]
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
