import test from 'ava'
import { findCondition } from '../../../crds/conditions.ts'
import type { PlanResult } from '../../../runtime/protocol.ts'
import { configMaps, pods, secrets, statefulSets } from '../../../operator/kube/resources.ts'
import type { PodClient } from '../../../operator/streamjob/visit.ts'
import { is, openStage, type Stage, steps, uniqueName } from './stage.ts'

const message = (job: Awaited<ReturnType<Stage['read']>>, type: 'ProgramValid' | 'TopicsReady' | 'Ready'): string =>
  findCondition(job?.status?.conditions, type)?.message ?? ''

async function nothingTouched(stage: Stage, name: string): Promise<boolean> {
  const at = { namespace: stage.namespace, name }
  return (await stage.kube.find(statefulSets, at)) === null && (await stage.kafka(`${stage.namespace}.${name}`).listInternalTopics()).length === 0
}

/** Plays the kubelet for the planning pod of the namespace: what its container is doing. */
async function playPlanner(stage: Stage, state: Record<string, unknown>, podIP?: string): Promise<void> {
  const { items } = await stage.kube.list(pods, { namespace: stage.namespace, labelSelector: 'streamjob.dev/component=planner' })
  for (const pod of items) {
    const container = { name: 'worker', image: 'streamjob:test', imageID: '', ready: false, restartCount: 0, state }
    const status = {
      phase: podIP === undefined ? 'Pending' : 'Running',
      ...(podIP && { podIP, podIPs: [{ ip: podIP }] }),
      containerStatuses: [container],
    }
    await stage.kube.patch(pods, pod.metadata, { kind: 'merge', body: { status }, subresource: 'status' })
  }
}

function planner(answer: () => PlanResult | null): PodClient {
  return { plan: () => Promise.resolve(answer()), status: () => Promise.resolve(null) }
}

test('wrong steps change nothing but a condition that names the step', async (t) => {
  await using stage = await openStage()
  await stage.apply('wrong', {
    kafka: { brokers: [stage.broker] },
    program: { steps: [{ from: { topic: 'a' } }, { fliter: 'x' }, { to: { topic: 'b' } }] },
  })
  const job = await stage.until('wrong', (seen) => is(seen, 'ProgramValid', 'False', 'PlanError'), 'the refusal')
  t.regex(message(job, 'ProgramValid'), /steps\[1\]/)
  t.true(await nothingTouched(stage, 'wrong'))
})

test('what this version does not carry out is refused by name', async (t) => {
  await using stage = await openStage()
  await stage.apply('early', {
    kafka: { brokers: [stage.broker] },
    upgrade: { mode: 'Savepoint' },
    savepoints: { storage: { volumeClaim: 'savepoints' } },
    program: { steps: steps('a', 'b') },
  })
  const job = await stage.until('early', (seen) => is(seen, 'ProgramValid', 'False', 'NotSupportedYet'), 'the refusal')
  t.regex(message(job, 'Ready'), /spec\.savepoints\.storage/)
  t.true(await nothingTouched(stage, 'early'))
})

test('a missing Secret is named, and the condition clears by itself', async (t) => {
  await using stage = await openStage()
  const kafka = { brokers: [stage.broker], tls: { caSecret: { name: 'kafka-ca' } } }
  await stage.apply('secret', { kafka, program: { steps: steps('a', 'b') } })
  const job = await stage.until('secret', (seen) => is(seen, 'TopicsReady', 'False', 'SecretMissing'), 'the missing Secret')
  t.regex(message(job, 'TopicsReady'), /Secret kafka-ca does not exist/)
  await stage.kube.create(secrets, { metadata: { name: 'kafka-ca', namespace: stage.namespace }, data: { 'ca.crt': '' } })
  // The broker speaks no TLS: what is named now is the next problem on the way.
  await stage.until('secret', (seen) => is(seen, 'TopicsReady', 'False') && !is(seen, 'TopicsReady', 'False', 'SecretMissing'), 'the next problem')
})

test('brokers that do not answer are named', async (t) => {
  await using stage = await openStage()
  await stage.apply('dark', { kafka: { brokers: ['127.0.0.1:1'] }, program: { steps: steps('a', 'b') } })
  const job = await stage.until('dark', (seen) => is(seen, 'TopicsReady', 'False', 'KafkaUnreachable'), 'the silence')
  t.regex(message(job, 'TopicsReady'), /127\.0\.0\.1:1/)
})

test('a type error in an inline program is shown with file and line, and the planning pod goes', async (t) => {
  let answer: PlanResult = { kind: 'pending' }
  await using stage = await openStage({ pods: planner(() => answer) })
  const { kube, namespace } = stage
  await stage.apply('inline', { kafka: { brokers: [stage.broker] }, program: { inline: 'export default 1' } })
  await stage.until('inline', (seen) => is(seen, 'ProgramValid', 'Unknown', 'Planning'), 'planning to begin')
  const planners = { namespace, labelSelector: 'streamjob.dev/component=planner' }
  const made = (await kube.list(configMaps, planners)).items[0]
  t.is(made?.data?.['program.ts'], 'export default 1')
  await playPlanner(stage, { running: { startedAt: new Date().toISOString() } }, '10.0.0.9')
  answer = { kind: 'invalid', reason: 'TypeError', problems: [{ file: 'program.ts', line: 3, path: null, message: 'no such field' }] }
  const job = await stage.until('inline', (seen) => is(seen, 'ProgramValid', 'False', 'TypeError'), 'the type error')
  t.is(message(job, 'ProgramValid'), 'program.ts:3: no such field')
  t.true(await nothingTouched(stage, 'inline'))
  await stage.visit('inline')
  t.deepEqual((await kube.list(configMaps, planners)).items, [])
  t.deepEqual(
    (await kube.list(pods, planners)).items.filter(({ metadata }) => metadata.deletionTimestamp === undefined),
    [],
  )
})

test('an image that cannot be pulled is named in the words of the kubelet, until it can', async (t) => {
  const [from, to] = [uniqueName('orders'), uniqueName('revenue')]
  let answer: PlanResult = { kind: 'pending' }
  await using stage = await openStage({ pods: planner(() => answer) })
  await stage.createTopic(from, 2)
  await stage.createTopic(to, 2)
  const program = { image: 'registry.example/jobs:1.4', module: 'jobs/revenue.ts' }
  await stage.apply('pull', { kafka: { brokers: [stage.broker] }, program })
  await stage.until('pull', (seen) => is(seen, 'ProgramValid', 'Unknown', 'Planning'), 'planning to begin')
  await playPlanner(stage, { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image: not found' } })
  const job = await stage.until('pull', (seen) => is(seen, 'ProgramValid', 'False', 'ImagePullFailed'), 'the failed pull')
  t.regex(message(job, 'Ready'), /Back-off pulling image: not found/)
  const stage1 = { name: 's', sourceTopic: from, writers: [], keyField: 'k', stateful: true, sinks: [{ topic: to, create: null }], feeds: [] }
  answer = { kind: 'planned', formatVersion: 1, fingerprint: 'f', explain: '', stages: [stage1] }
  await playPlanner(stage, { running: { startedAt: new Date().toISOString() } }, '10.0.0.9')
  const running = await stage.until('pull', (seen) => is(seen, 'Ready', 'True'), 'the job to run')
  t.is(running.status?.program?.image, 'registry.example/jobs:1.4')
})

test('a bad program leaves the one that runs alone', async (t) => {
  const [from, to] = [uniqueName('orders'), uniqueName('revenue')]
  await using stage = await openStage()
  await stage.createTopic(from, 2)
  await stage.createTopic(to, 2)
  await stage.apply('kept', { kafka: { brokers: [stage.broker] }, program: { steps: steps(from, to) } })
  const before = await stage.until('kept', (seen) => is(seen, 'Ready', 'True') && seen.status?.operation === undefined, 'the job to run')
  await stage.patch('kept', { program: { steps: [...steps(from, to).slice(0, 2), { windw: {} }] } })
  const after = await stage.until('kept', (seen) => is(seen, 'ProgramValid', 'False'), 'the refusal')
  t.deepEqual(after.status?.program, before.status?.program)
  t.is(after.status?.epoch, before.status?.epoch)
  t.is(after.status?.workers, '1/1')
  await stage.patch('kept', { parallelism: 2 })
  await stage.until('kept', (seen) => seen.status?.workers === '2/2', 'the old program at the new size')
})
