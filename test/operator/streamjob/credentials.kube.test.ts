/** What a job's Secrets do, with a broker that demands what is in them. */
import { readFile } from 'node:fs/promises'
import test from 'ava'
import { findCondition } from '../../../crds/conditions.ts'
import { systemClock } from '../../../operator/clock.ts'
import { secrets } from '../../../operator/kube/resources.ts'
import { silentLog } from '../../../operator/log.ts'
import { createStreamJobReconciler } from '../../../operator/streamjob/reconciler.ts'
import type { StoredJob } from '../../../operator/streamjob/visit.ts'
import { type SecuredBroker, startSecuredBroker } from '../../support/secured-broker.ts'
import { is, openStage, type Stage, steps, uniqueName } from './stage.ts'

let broker: SecuredBroker

test.before(async () => {
  broker = await startSecuredBroker()
  await broker.setPassword('scram-sha-512', 'shop', 'right')
})
test.after.always(() => broker?.[Symbol.asyncDispose]())

const open = (changes: Parameters<typeof openStage>[0] = {}): Promise<Stage> => openStage(changes, undefined, [broker.plaintext])

async function writeSecret({ kube, namespace }: Stage, name: string, content: Readonly<Record<string, string>>): Promise<void> {
  const data = Object.fromEntries(Object.entries(content).map(([key, value]) => [key, Buffer.from(value).toString('base64')]))
  if ((await kube.find(secrets, { namespace, name })) === null) await kube.create(secrets, { metadata: { namespace, name }, data })
  else await kube.patch(secrets, { namespace, name }, { kind: 'merge', body: { data } })
}

const pem = (name: string): Promise<string> => readFile(broker.file(name), 'utf8')

/** A job over topics that are there: what keeps it from running is how it comes to its brokers. */
async function apply(stage: Stage, name: string, kafka: Readonly<Record<string, unknown>>): Promise<void> {
  const [from, to] = [uniqueName('orders'), uniqueName('revenue')]
  await stage.createTopic(from, 2)
  await stage.createTopic(to, 2)
  await stage.apply(name, { kafka, program: { steps: steps(from, to) } })
}

async function refused(stage: Stage, name: string, wanted: RegExp): Promise<void> {
  await stage.until(
    name,
    (job) =>
      is(job, 'TopicsReady', 'False', 'KafkaAuthentication') && wanted.test(findCondition(job.status?.conditions, 'TopicsReady')?.message ?? ''),
    `the refusal ${wanted}`,
  )
}

const running = (job: StoredJob): boolean => is(job, 'TopicsReady', 'True') && is(job, 'Ready', 'True')

test('a wrong password is named by Secret and key, tried less and less often, and forgotten once the Secret is right', async (t) => {
  let aheadMs = 0
  await using stage = await open({ clock: { ...systemClock, now: () => Date.now() + aheadMs } })
  await writeSecret(stage, 'kafka-ca', { 'ca.crt': await pem('ca.crt') })
  await writeSecret(stage, 'kafka-user', { username: 'shop', password: 'wrong' })
  const sasl = { mechanism: 'scram-sha-512', secret: 'kafka-user' }
  await apply(stage, 'shop', { brokers: [broker.sasl], tls: { caSecret: { name: 'kafka-ca' } }, sasl })
  await refused(
    stage,
    'shop',
    /refused user name and password in the key username of the Secret kafka-user and the key password of the Secret kafka-user: /,
  )
  const pauseMs = async (): Promise<number> => {
    const context = { signal: AbortSignal.timeout(60_000), log: silentLog, failures: 0 }
    const { requeueAfterMs = 0 } = await createStreamJobReconciler(stage.world)(`${stage.namespace}/shop`, context)
    return requeueAfterMs
  }
  const version = (await stage.read('shop'))?.metadata.resourceVersion
  t.true((await pauseMs()) < 5_000)
  aheadMs = 100_000
  const later = await pauseMs()
  t.true(later >= 10_000 && later <= 66_000, `${later} ms`)
  t.is((await stage.read('shop'))?.metadata.resourceVersion, version, 'as long as nothing changes, nothing is written')
  await writeSecret(stage, 'kafka-user', { password: 'right' })
  t.truthy(await stage.until('shop', running, 'the job to run'))
})

test('an authority that has not signed for the brokers is named by Secret and key, and forgotten once the Secret is right', async (t) => {
  await using stage = await open()
  await writeSecret(stage, 'kafka-ca', { 'brokers.pem': await pem('stranger.crt') })
  await writeSecret(stage, 'kafka-user', { username: 'shop', password: 'right' })
  const tls = { caSecret: { name: 'kafka-ca', key: 'brokers.pem' } }
  await apply(stage, 'trust', { brokers: [broker.sasl], tls, sasl: { mechanism: 'scram-sha-512', secret: 'kafka-user' } })
  await refused(
    stage,
    'trust',
    /the certificate of 127\.0\.0\.1:\d+ is not trusted: .*Put its authority into the key brokers\.pem of the Secret kafka-ca/,
  )
  await writeSecret(stage, 'kafka-ca', { 'brokers.pem': '' })
  await refused(
    stage,
    'trust',
    /^Kafka credentials: the key brokers\.pem of the Secret kafka-ca is empty\. Put the certificate of the authority into it/,
  )
  await writeSecret(stage, 'kafka-ca', { 'brokers.pem': await pem('ca.crt') })
  t.truthy(await stage.until('trust', running, 'the job to run'))
})

test('a listener that wants a client certificate is named; a key of another one is; with the right pair the job runs', async (t) => {
  await using stage = await open()
  await writeSecret(stage, 'kafka-ca', { 'ca.crt': await pem('ca.crt') })
  const tls = { caSecret: { name: 'kafka-ca' } }
  await apply(stage, 'mutual', { brokers: [broker.mutual], tls })
  await refused(stage, 'mutual', /ended TLS for want of a client certificate .*spec\.kafka\.tls\.clientSecret$/)
  await writeSecret(stage, 'me', { 'tls.crt': await pem('client.crt'), 'tls.key': await pem('stranger.key') })
  await stage.patch('mutual', { kafka: { tls: { ...tls, clientSecret: 'me' } } })
  await refused(
    stage,
    'mutual',
    /the key tls\.key of the Secret me holds another key than that of the certificate in the key tls\.crt of the Secret me/,
  )
  await writeSecret(stage, 'me', { 'tls.key': await pem('client.key') })
  t.truthy(await stage.until('mutual', running, 'the job to run'))
})
