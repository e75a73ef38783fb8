/** TLS and SASL with a real broker that demands them: one of its own, with an authority made for it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { restartBroker } from '../../../hack/infra/kafka/broker.ts'
import type { KafkaConnection } from '../../../runtime/config.ts'
import { StreamJobError } from '../../../runtime/errors.ts'
import type { ConnectedKafka, KafkaClientOptions } from '../../../runtime/kafka/connect.ts'
import { connectKafka } from '../../../runtime/kafka/connect.ts'
import { connectAdmin } from '../../../runtime/kafka/kafkajs/admin.ts'
import { eventually } from '../../support/eventually.ts'
import { uniqueName } from '../../support/kafka.ts'
import type { ScramMechanism, SecuredBroker } from '../../support/secured-broker.ts'
import { plainUser, startSecuredBroker } from '../../support/secured-broker.ts'
import { codeOf, put, valuesOf } from './broker.ts'

let broker: SecuredBroker
let folder: string

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamjob-credentials-'))
  broker = await startSecuredBroker()
  for (const mechanism of ['scram-sha-256', 'scram-sha-512'] as const) await broker.setPassword(mechanism, 'shop', `secret of ${mechanism}`)
})

test.after.always(async () => {
  await broker?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const users = {
  plain: plainUser,
  'scram-sha-256': { username: 'shop', password: 'secret of scram-sha-256' },
  'scram-sha-512': { username: 'shop', password: 'secret of scram-sha-512' },
} as const

let files = 0

/** A file as Secrets are mounted, and as people write them: with a newline at the end. */
async function file(content: string): Promise<string> {
  const path = join(folder, String(files++))
  await writeFile(path, content === '' ? '' : `${content}\n`)
  return path
}

/** Two files of a user, by SASL over TLS. */
async function asUser(mechanism: keyof typeof users, { username, password }: { username: string; password: string } = users[mechanism]) {
  const sasl = { mechanism, usernameFile: await file(username), passwordFile: await file(password) }
  return { brokers: [broker.sasl], tls: { caFile: broker.file('ca.crt') }, sasl } satisfies KafkaConnection
}

/** With a certificate, over TLS. */
function withCertificate(name = 'client', key = name) {
  const tls = { caFile: broker.file('ca.crt'), certFile: broker.file(`${name}.crt`), keyFile: broker.file(`${key}.key`) }
  return { brokers: [broker.mutual], tls } satisfies KafkaConnection
}

function connect(t: ExecutionContext, connection: KafkaConnection, options: KafkaClientOptions = {}): ConnectedKafka {
  const client = connectKafka(connection, { clientId: 'test', ...options })
  t.teardown(() => client[Symbol.asyncDispose]())
  return client
}

async function refusal(t: ExecutionContext, connection: KafkaConnection): Promise<string> {
  const error = await t.throwsAsync(connect(t, connection, { patienceMs: 0 }).reader.clusterId(), { instanceOf: StreamJobError })
  return `${error?.code}: ${error?.message}`
}

async function roundTrip(t: ExecutionContext, connection: KafkaConnection): Promise<void> {
  const topic = uniqueName(t)
  await using admin = connectAdmin(connection, { clientId: 'test' })
  await admin.createTopic({ topic, partitions: 1, replicationFactor: 1, config: {} })
  const client = connect(t, connection)
  const producer = client.transactionalProducer(topic)
  await producer.init()
  put(producer, topic, 'aborted')
  await producer.abort()
  put(producer, topic, 'committed')
  await producer.commit([], { groupId: topic, generation: -1, memberId: '', instanceId: null })
  t.deepEqual(await valuesOf(client, topic), ['committed'])
}

for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'] as const) {
  test(`a record goes round by SASL ${mechanism} over TLS, and only what was committed is read`, async (t) => {
    await roundTrip(t, await asUser(mechanism))
  })
}

test('a record goes round with a client certificate', async (t) => {
  await roundTrip(t, withCertificate())
})

test('a listener that wants a client certificate is named when there is none', async (t) => {
  const connection = { brokers: [broker.mutual], tls: { caFile: broker.file('ca.crt') } }
  const wanted = `Connecting to Kafka: ${broker.mutual} ended TLS for want of a client certificate (bad certificate). Name its Secret in spec.kafka.tls.clientSecret`
  t.is(await refusal(t, connection), `kafka-authentication: ${wanted}`)
})

test('a client certificate that the broker does not trust is named', async (t) => {
  const wanted = `Connecting to Kafka: ${broker.mutual} refused the client certificate in ${broker.file('stranger.crt')} (certificate unknown). Put one there that an authority of the brokers has signed; no restart is needed`
  t.is(await refusal(t, withCertificate('stranger')), `kafka-authentication: ${wanted}`)
})

for (const [what, user] of [
  ['a wrong password', { username: 'shop', password: 'wrong' }],
  ['an unknown user', { username: 'nobody', password: 'secret' }],
] as const) {
  for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'] as const) {
    test(`${what} is refused by ${mechanism} with the files that it came from and the words of the broker`, async (t) => {
      const connection = await asUser(mechanism, user)
      const { usernameFile, passwordFile } = connection.sasl
      const said = await refusal(t, connection)
      t.true(
        said.startsWith(
          `kafka-authentication: Connecting to Kafka: ${broker.sasl} refused user name and password in ${usernameFile} and ${passwordFile}: SASL `,
        ),
        said,
      )
      t.regex(
        said,
        /: (Invalid username or password|.*due to invalid credentials with SASL mechanism SCRAM-SHA-\d+)\. Put the right ones there; no restart is needed$/,
      )
      t.false(said.includes(user.password === 'wrong' ? 'wrong' : 'secret'), said)
    })
  }
}

test('SASL on a listener without it is named', async (t) => {
  const { sasl } = await asUser('scram-sha-256')
  const said = await refusal(t, { ...withCertificate(), sasl })
  t.regex(
    said,
    new RegExp(
      `^kafka-authentication: Connecting to Kafka: ${broker.mutual} does not take SASL by scram-sha-256: .*Choose the mechanism, or the listener`,
    ),
  )
})

test('a broker whose certificate another authority has signed is not trusted, and the file is named', async (t) => {
  const caFile = broker.file('stranger.crt')
  const said = await refusal(t, { ...(await asUser('plain')), tls: { caFile } })
  const wanted = `Connecting to Kafka: the certificate of ${broker.sasl} is not trusted: unable to verify the first certificate.`
  t.is(said, `kafka-authentication: ${wanted} Put its authority into ${caFile}; no restart is needed`)
  const trusting = await refusal(t, { ...(await asUser('plain')), tls: {} })
  t.is(trusting, `kafka-authentication: ${wanted} Name the Secret of its authority in spec.kafka.tls.caSecret`)
})

test('a broker whose certificate is for another host name is not trusted', async (t) => {
  const said = await refusal(t, { ...(await asUser('plain')), brokers: [broker.sasl.replace('127.0.0.1', 'localhost')] })
  t.regex(
    said,
    /^kafka-authentication: Connecting to Kafka: the certificate of localhost:\d+ is for another name: Hostname\/IP does not match certificate's altnames: /,
  )
  t.regex(said, /\. Write a name of the certificate in spec\.kafka\.brokers, and in the broker's advertised\.listeners$/)
})

test('a file that is missing, empty or not what it should be is named, with what belongs there', async (t) => {
  const { sasl } = await asUser('scram-sha-512')
  const missing = join(folder, 'missing')
  const [empty, garbage] = [await file(''), await file('garbage')]
  const ca = broker.file('ca.crt')
  const [certificate, key] = [broker.file('client.crt'), broker.file('client.key')]
  const cases: readonly (readonly [Pick<KafkaConnection, 'tls' | 'sasl'>, string])[] = [
    [{ tls: { caFile: missing } }, `${missing} cannot be read (ENOENT). Put the certificate of the authority there`],
    [{ tls: { caFile: empty } }, `${empty} is empty. Put the certificate of the authority into it`],
    [{ tls: { caFile: garbage } }, `${garbage} holds no certificate in PEM. Put the certificate of the authority into it`],
    [{ tls: { caFile: ca }, sasl: { ...sasl, passwordFile: missing } }, `${missing} cannot be read (ENOENT). Put the password there`],
    [{ tls: { caFile: ca }, sasl: { ...sasl, passwordFile: empty } }, `${empty} is empty. Put the password into it`],
    [{ tls: { caFile: ca }, sasl: { ...sasl, usernameFile: empty } }, `${empty} is empty. Put the user name into it`],
    [{ tls: { certFile: garbage, keyFile: key } }, `${garbage} holds no certificate in PEM. Put the client certificate into it`],
    [
      { tls: { certFile: certificate, keyFile: garbage } },
      `${garbage} holds no key in PEM. Put the key of the client certificate into it, without a passphrase`,
    ],
    [
      { tls: { certFile: certificate, keyFile: broker.file('stranger.key') } },
      `${broker.file('stranger.key')} holds another key than that of the certificate in ${certificate}. Put the two of a pair there`,
    ],
  ]
  for (const [change, problem] of cases) {
    t.is(await refusal(t, { brokers: [broker.sasl], ...change }), `kafka-authentication: Kafka credentials: ${problem}; no restart is needed`)
  }
})

test('a listener that hangs up because it wants TLS, none, or SASL, is suspected of it', async (t) => {
  const { tls, sasl } = await asUser('plain')
  t.regex(await refusal(t, { brokers: [broker.sasl], sasl }), /^kafka-unreachable: .*wants TLS does this: then set spec\.kafka\.tls$/)
  t.regex(await refusal(t, { brokers: [broker.sasl], tls }), /^kafka-unreachable: .*wants SASL does this: then set spec\.kafka\.sasl$/)
  t.regex(await refusal(t, { brokers: [broker.plaintext], tls }), /^kafka-unreachable: .*without TLS does this: then leave spec\.kafka\.tls out$/)
})

async function ofNewUser(mechanism: ScramMechanism, username: string) {
  await broker.setPassword(mechanism, username, 'first')
  const connection = await asUser(mechanism, { username, password: 'first' })
  return { connection, rotate: (password: string) => broker.setPassword(mechanism, username, password) }
}

// The session of a connection ends by itself on this listener (scram256SessionMs), so that its client has to authenticate again.
test('a connection that stands authenticates again with what the file holds by then, and fails by name meanwhile', async (t) => {
  const { connection, rotate } = await ofNewUser('scram-sha-256', 'rotated')
  const client = connect(t, connection)
  await client.reader.clusterId()
  await rotate('second')
  t.is(await eventually(() => codeOf(client.reader.clusterId()), { what: 'the end of the session', timeoutMs: 15_000 }), 'kafka-authentication')
  await writeFile(connection.sasl.passwordFile, 'second')
  t.true((await client.reader.clusterId()).length > 0, 'at the very next attempt')
})

test('a missing file at a later authentication is named, and forgotten once it is there', async (t) => {
  const { connection } = await ofNewUser('scram-sha-256', 'misplaced')
  const client = connect(t, connection)
  await client.reader.clusterId()
  await rm(connection.sasl.passwordFile)
  t.is(await eventually(() => codeOf(client.reader.clusterId()), { what: 'the end of the session', timeoutMs: 15_000 }), 'kafka-authentication')
  await writeFile(connection.sasl.passwordFile, 'first')
  t.true((await client.reader.clusterId()).length > 0, 'at the very next attempt')
})

test.serial('a connection that breaks comes back with the password that was rotated meanwhile', async (t) => {
  const { connection, rotate } = await ofNewUser('scram-sha-512', 'broken')
  const client = connect(t, connection, { patienceMs: 30_000 })
  await client.reader.clusterId()
  await rotate('second')
  await writeFile(connection.sasl.passwordFile, 'second')
  await client.reader.clusterId()
  await restartBroker('secured')
  t.true((await client.reader.clusterId()).length > 0)
  t.is(await codeOf(connect(t, await asUser('scram-sha-512', { username: 'broken', password: 'first' })).reader.clusterId()), 'kafka-authentication')
})
