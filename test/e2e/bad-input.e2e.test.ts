/** What a wrong StreamJob gets: a refusal or a condition that names what is wrong, and nothing else. */
import test from 'ava'
import { readCommitted } from '../support/broker.ts'
import { testSystem } from '../support/cluster.ts'
import type { KubeJson, Namespace } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { compareResults, expectedOf } from './oracle.ts'
import { revenueJob } from './revenue-job.ts'
import { Site, conditionIn } from './site.ts'
import type { SeenCondition } from './site.ts'
import { ordersOfMinutes, smallestJob } from './smallest-job.ts'

test.beforeEach((t) => t.timeout(4 * 60_000))

test('a type error is shown with file, line and the words of the compiler within 15 s of the start of planning, and nothing else is made', async (t) => {
  await using site = await Site.open()
  const job = smallestJob(site.namespace.name)
  const wrong = job.asTypeScript.replace('order.amount > 0', 'order.amont > 0')
  await site.namespace.apply(wrong)
  const { message, lastTransitionTime } = await refusal(site, 'TypeError')
  t.regex(message, /^\/app\/job\/program\.ts:5: Property 'amont' does not exist on type .*Did you mean 'amount'\? \(TS2551\)$/)
  const tookMs = Date.parse(lastTransitionTime) - (await plannerStarted(site.namespace))
  t.log(`the type error was shown ${tookMs / 1_000} s after the start of the planning container`)
  t.true(tookMs >= 0 && tookMs <= 15_000, `${tookMs} ms`)
  await nothingMade(site)
})

test('a program that throws when it is loaded is shown with file, line and message, and nothing else is made', async (t) => {
  await using site = await Site.open()
  const source = ["import { stream } from 'streamjob'", '', "if (stream !== undefined) throw new Error('no shop today')", 'export default null']
  await site.namespace.apply(smallestJob(site.namespace.name).withProgram(source.join('\n')))
  const { message, lastTransitionTime } = await refusal(site, 'LoadError')
  t.is(message, '/app/job/program.ts:3 program: Error: no shop today')
  t.true(Date.parse(lastTransitionTime) - (await plannerStarted(site.namespace)) <= 15_000)
  await nothingMade(site)
})

test('a program of TypeScript counts right', async (t) => {
  await using site = await Site.open()
  const job = smallestJob(site.namespace.name)
  await site.createTopics([job.input, job.output], 2)
  await site.send(job.input, ordersOfMinutes(0, 400))
  await site.namespace.apply(job.asTypeScript)
  await site.ready('revenue', 1)
  const committed = await site.drained(job.applicationId, job.input)
  const [input, output] = await Promise.all([job.input, job.output].map((topic) => Array.fromAsync(readCommitted(topic))))
  const expected = expectedOf(job.windowedCount, input!, committed)
  t.is(expected.records, 400)
  t.true(expected.results.size >= 10, `${expected.results.size} windows were closed`)
  t.deepEqual(compareResults(expected, output!), { missing: [], unexpected: [], duplicated: [], wrong: [] })
})

test('missing topics are named, and the job runs once they are there', async (t) => {
  await using site = await Site.open()
  const job = revenueJob({ namespace: site.namespace.name, parallelism: 1 })
  await site.createTopics([job.output], 1)
  await site.namespace.apply(job.manifest)
  const { message } = await failing(site, job.name, 'TopicsReady', 'TopicMissing')
  t.regex(message, new RegExp(`${job.input} \\(source\\)`))
  t.deepEqual(await site.topics(), [job.output])
  await site.createTopics([job.input], 1)
  await site.ready(job.name, 1)
})

test('a missing Secret with credentials is named, and cleared when it is there', async (t) => {
  await using site = await Site.open()
  const job = revenueJob({ namespace: site.namespace.name, parallelism: 1 })
  const sasl = { mechanism: 'scram-sha-512', secret: 'kafka-user' }
  await site.namespace.apply({ ...job.manifest, spec: { ...job.manifest.spec, kafka: { ...job.manifest.spec.kafka, sasl } } })
  const { message } = await failing(site, job.name, 'TopicsReady', 'SecretMissing')
  t.is(message, 'the Secret kafka-user does not exist')
  await site.namespace.kubectl(['create', 'secret', 'generic', 'kafka-user', '--from-literal=username=shop'])
  await site.until(
    job.name,
    'the missing key',
    ({ status }) => conditionIn(status, 'TopicsReady')?.message === 'the Secret kafka-user has no key password',
  )
})

test("a missing Secret of the program is named in the kubelet's words, and the job runs once it is there", async (t) => {
  await using site = await Site.open()
  const job = revenueJob({ namespace: site.namespace.name, parallelism: 1 })
  await site.createTopics([job.input, job.output], 1)
  const env = [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'shop', key: 'token' } } }]
  await site.namespace.apply({ ...job.manifest, spec: { ...job.manifest.spec, program: { ...job.manifest.spec.program, env } } })
  const { message } = await failing(site, job.name, 'WorkersReady', 'SecretMissing')
  t.regex(message, /secret "shop" not found/)
  await site.namespace.kubectl(['create', 'secret', 'generic', 'shop', '--from-literal=token=abc'])
  await site.ready(job.name, 1)
})

test('brokers that do not answer are named', async (t) => {
  await using site = await Site.open()
  const job = revenueJob({ namespace: site.namespace.name, parallelism: 1 })
  const [host] = testSystem.kafkaForPods().split(':')
  const spec = { ...job.manifest.spec, kafka: { brokers: [`${host}:1`] }, deletion: { deadline: '1s' } }
  await site.namespace.apply({ ...job.manifest, spec })
  const { message } = await failing(site, job.name, 'TopicsReady', 'KafkaUnreachable')
  t.true(message.includes(`${host}:1`), message)
})

test("an image that can not be pulled is named in the kubelet's words", async (t) => {
  await using site = await Site.open()
  const job = revenueJob({ namespace: site.namespace.name, parallelism: 1 })
  const program = { image: 'localhost/none:1', module: 'jobs/none.ts' }
  await site.namespace.apply({ ...job.manifest, spec: { ...job.manifest.spec, program } })
  const { message } = await failing(site, job.name, 'ProgramValid', 'ImagePullFailed')
  t.regex(message, /^image localhost\/none:1: .*pull/)
})

const wrongManifests = [
  ['a broker without a port', { kafka: { brokers: ['kafka'] } }, /spec\.kafka\.brokers\[0\].*write a broker as host:port/],
  ['two programs', { program: { steps: [{ from: { topic: 'a' } }], inline: 'export default 1' } }, /spec\.program.*exactly one of/],
  ['a size below zero', { parallelism: -1 }, /spec\.parallelism.*greater than or equal to 0/],
  [
    'a session that ends before the transaction',
    { processing: { sessionTimeout: '20s' } },
    /spec\.processing\.sessionTimeout.*transactionTimeout \+ 12s/,
  ],
  ['a field that does not exist', { paralelism: 2 }, /unknown field "spec\.paralelism"/],
] as const

for (const [what, change, refused] of wrongManifests) {
  test(`the API server refuses ${what} with field and reason`, async (t) => {
    await using site = await Site.open()
    const { manifest } = revenueJob({ namespace: site.namespace.name, parallelism: 1 })
    const wrong = { ...manifest, spec: { ...manifest.spec, ...change } }
    const error = await t.throwsAsync(site.namespace.apply(wrong))
    t.regex(error?.message ?? '', refused)
    t.deepEqual(await site.namespace.list('streamjobs'), [])
  })
}

/** The condition ProgramValid once it is False for the reason. */
function refusal(site: Site, reason: string): Promise<SeenCondition> {
  return failing(site, 'revenue', 'ProgramValid', reason)
}

async function failing(site: Site, job: string, type: string, reason: string): Promise<SeenCondition> {
  const wanted = ({ status }: KubeJson): boolean => conditionIn(status, type)?.status === 'False' && conditionIn(status, type)?.reason === reason
  const seen = await site.until(job, `${type}=False for ${reason}`, wanted, 90_000)
  return conditionIn(seen.status, type)!
}

interface KubeletEvent extends KubeJson {
  readonly reason: string
  readonly firstTimestamp: string
  readonly involvedObject: { readonly name: string }
}

/** When the kubelet started the planning container, epoch ms. Its event outlives the pod. */
async function plannerStarted(namespace: Namespace): Promise<number> {
  const started = await eventually(
    async () => {
      // What `events` lists.
      const events = (await namespace.list('events')) as readonly KubeletEvent[]
      return events.find((event) => event.reason === 'Started' && event.involvedObject.name.startsWith('revenue-plan-'))
    },
    { what: "the kubelet's event about the planning container" },
  )
  return Date.parse(started.firstTimestamp)
}

/** Fails unless the job has left nothing in the cluster, the planning pod included, and no topic. */
async function nothingMade(site: Site): Promise<void> {
  const kinds = 'pods,statefulsets,services,poddisruptionbudgets,networkpolicies,serviceaccounts,configmaps'
  const notOurs = ['default', 'kube-root-ca.crt']
  const left = async (): Promise<readonly string[]> =>
    (await site.namespace.list(kinds)).map(({ metadata }) => metadata.name).filter((name) => !notOurs.includes(name))
  await eventually(async () => (await left()).length === 0, { timeoutMs: 30_000, what: 'nothing left of planning' })
  const topics = await site.topics()
  if (topics.length > 0) throw new Error(`topics were made: ${topics.join(', ')}`)
}
