import test from 'ava'
import { annotations } from '../../../crds/names.ts'
import { findCondition } from '../../../crds/conditions.ts'
import type { KubeClient } from '../../../operator/kube/client.ts'
import { configMaps, pods, services, statefulSets } from '../../../operator/kube/resources.ts'
import { Memory } from '../../../operator/streamjob/memory.ts'
import { streamJobs } from '../../../operator/streamjob/visit.ts'
import { playStatefulSets } from './played-cluster.ts'
import { is, openStage, type Stage, steps, uniqueName } from './stage.ts'

async function running(stage: Stage, name: string): Promise<void> {
  const [orders, revenue] = [uniqueName('orders'), uniqueName('revenue')]
  await stage.createTopic(orders, 2)
  await stage.createTopic(revenue, 2)
  await stage.apply(name, { kafka: { brokers: [stage.broker] }, program: { steps: steps(orders, revenue) } })
  await stage.until(name, (job) => is(job, 'Ready', 'True') && job.status?.operation === undefined, `${name} to run`)
}

test('a job that is as it should be is visited without a single write, by a new operator too', async (t) => {
  const writes: string[] = []
  const reading = new Set(['get', 'find', 'list', 'watch', 'close'])
  const counted = (kube: KubeClient): KubeClient =>
    new Proxy(kube, {
      get(object, name) {
        if (!reading.has(String(name))) writes.push(String(name))
        return Reflect.get(object, name) as unknown
      },
    })
  await using stage = await openStage({}, counted)
  await running(stage, 'steady')
  await stage.visit('steady')
  writes.length = 0
  for (let visit = 0; visit < 3; visit++) await stage.visit('steady')
  Object.assign(stage.world, { memory: new Memory() })
  for (let visit = 0; visit < 3; visit++) await stage.visit('steady')
  t.deepEqual(writes, [])
})

test('a StreamJob that was deleted without its operator and made again touches nothing until it is told to adopt', async (t) => {
  await using stage = await openStage()
  const { kube, namespace } = stage
  const at = { namespace, name: 'copied' }
  await running(stage, 'copied')
  const first = await kube.get(streamJobs, at)
  const kafka = stage.kafka(`${namespace}.copied`)
  const before = await kafka.readJobRecord()
  await kube.patch(streamJobs, at, { kind: 'merge', body: { metadata: { finalizers: null } } })
  await kube.delete(streamJobs, at)
  await kube.delete(statefulSets, at)
  for (const pod of (await kube.list(pods, { namespace })).items) await kube.delete(pods, pod.metadata, { gracePeriodSeconds: 0 })
  for (const { metadata } of (await kube.list(configMaps, { namespace })).items) await kube.delete(configMaps, metadata)
  await kube.delete(services, { namespace, name: 'copied-workers' })
  for (const [plural, group] of [
    ['serviceaccounts', ''],
    ['poddisruptionbudgets', 'policy'],
    ['networkpolicies', 'networking.k8s.io'],
  ] as const) {
    await kube.delete({ group, version: 'v1', plural, kind: plural, namespaced: true }, { namespace, name: 'copied-workers' })
  }
  await stage.apply('copied', { ...(first.spec as Record<string, unknown>) })
  const conflict = await stage.until('copied', (job) => is(job, 'IdentityConflict', 'True', 'ResourceReplaced'), 'the conflict')
  t.true(is(conflict, 'Ready', 'False', 'ResourceReplaced'))
  t.regex(findCondition(conflict.status?.conditions, 'IdentityConflict')?.message ?? '', new RegExp(first.metadata.uid))
  await stage.visit('copied')
  t.is(await kube.find(statefulSets, at), null)
  t.deepEqual(await kafka.readJobRecord(), before)

  await kube.patch(streamJobs, at, { kind: 'merge', body: { metadata: { annotations: { [annotations.adopt]: first.metadata.uid } } } })
  const adopted = await stage.until('copied', (job) => is(job, 'Ready', 'True') && job.status?.operation === undefined, 'the adopted job to run')
  t.is((await kafka.readJobRecord())?.identity.uid, adopted.metadata.uid)
  t.is((await kafka.readJobRecord())?.epoch, (before?.epoch ?? 0) + 1)
})

test('a job that another operator has claimed is left alone, and an event says so', async (t) => {
  await using stage = await openStage()
  await running(stage, 'claimed')
  const { world } = stage
  Object.assign(world, { settings: { ...world.settings, operatorId: 'other/operator' } })
  const before = await stage.read('claimed')
  await stage.patch('claimed', { parallelism: 3 })
  await stage.visit('claimed')
  await playStatefulSets(stage.kube, stage.namespace)
  const after = await stage.read('claimed')
  t.deepEqual(after?.status, before?.status)
  t.is(stage.events.at(-1)?.reason, 'ClaimedByAnother')
})

test('a deleted job whose Secret was never there is let go at once, and an event lists what could be left', async (t) => {
  await using stage = await openStage()
  const { kube, namespace } = stage
  const at = { namespace, name: 'secretless' }
  const kafka = { brokers: [stage.broker], tls: { caSecret: { name: 'gone' } } }
  await stage.apply('secretless', { kafka, program: { steps: steps('a', 'b') } })
  await stage.until('secretless', (job) => is(job, 'TopicsReady', 'False', 'SecretMissing'), 'the missing Secret')
  await kube.delete(streamJobs, at)
  await stage.untilGone('secretless')
  t.is(stage.events.at(-1)?.reason, 'DeletionDeadlineExceeded')
  t.regex(stage.events.at(-1)?.note ?? '', new RegExp(`the group ${namespace}.secretless`))
})

test('a deleted job whose brokers do not answer waits, until its deadline has passed', async (t) => {
  await using stage = await openStage()
  const { kube, namespace } = stage
  await stage.apply('patient', { kafka: { brokers: ['127.0.0.1:1'] }, deletion: { deadline: '10m' }, program: { steps: steps('a', 'b') } })
  await stage.until('patient', (job) => is(job, 'TopicsReady', 'False', 'KafkaUnreachable'), 'the silence')
  await kube.delete(streamJobs, { namespace, name: 'patient' })
  await stage.visit('patient')
  t.true(is((await stage.read('patient'))!, 'Ready', 'False', 'Deleting'))
  Object.assign(stage.world, { clock: { ...stage.world.clock, now: () => Date.now() + 11 * 60_000 } })
  await stage.untilGone('patient')
  t.regex(stage.events.at(-1)?.note ?? '', /the deadline of 10m has passed/)
})
