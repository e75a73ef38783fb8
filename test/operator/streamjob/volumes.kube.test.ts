import test from 'ava'
import { findCondition } from '../../../crds/conditions.ts'
import { type KubeObject, persistentVolumeClaims, pods, type Resource, statefulSets } from '../../../operator/kube/resources.ts'
import { isOwned } from '../../../operator/resources/object.ts'
import { sizeOf, volumeOf } from '../../../operator/resources/volume.ts'
import type { StoredJob } from '../../../operator/streamjob/visit.ts'
import { is, openStage, type Stage, steps, uniqueName } from './stage.ts'

const storageClasses: Resource<KubeObject & { readonly provisioner: string; readonly allowVolumeExpansion: boolean }> = {
  group: 'storage.k8s.io',
  version: 'v1',
  plural: 'storageclasses',
  kind: 'StorageClass',
  namespaced: false,
}

/** A job with two workers, and volumes of 1Gi of a class of its own. */
async function begin(stage: Stage, allowVolumeExpansion: boolean): Promise<string> {
  const storageClassName = uniqueName('class')
  await stage.kube.create(storageClasses, { metadata: { name: storageClassName }, provisioner: 'kubernetes.io/no-provisioner', allowVolumeExpansion })
  const [orders, revenue] = [uniqueName('orders'), uniqueName('revenue')]
  await stage.createTopic(orders, 2)
  await stage.createTopic(revenue, 2)
  const state = { volume: { size: '1Gi', storageClassName } }
  await stage.apply('revenue', { kafka: { brokers: [stage.broker] }, parallelism: 2, state, program: { steps: steps(orders, revenue) } })
  await stage.until('revenue', settled, 'the job to run')
  return storageClassName
}

const settled = (job: StoredJob): boolean =>
  is(job, 'Ready', 'True') && job.status?.operation === undefined && job.status?.observedGeneration === job.metadata.generation

const claims = async ({ kube, namespace }: Stage) => (await kube.list(persistentVolumeClaims, { namespace })).items
const sizes = async (stage: Stage) => (await claims(stage)).map((claim) => `${claim.metadata.name} ${sizeOf(claim)}`)
const workers = async ({ kube, namespace }: Stage) => (await kube.list(pods, { namespace })).items.map(({ metadata }) => metadata.uid)

test('volumes are made with the workers, grow under them, and go with those that are gone for good', async (t) => {
  t.timeout(300_000)
  await using stage = await openStage()
  const { kube, namespace } = stage
  const storageClassName = await begin(stage, true)
  const at = { namespace, name: 'revenue' }
  const set = await kube.get(statefulSets, at)
  const job = await stage.read('revenue')
  t.deepEqual(await sizes(stage), ['state-revenue-0 1Gi', 'state-revenue-1 1Gi'])
  // Kubernetes collects them with the job, whether or not there is an operator.
  for (const claim of await claims(stage)) t.true(isOwned(claim, { name: 'revenue', namespace, uid: job?.metadata.uid ?? '' }))

  await stage.patch('revenue', { pod: { template: { metadata: { labels: { team: 'data' } } } } })
  const labelled = await stage.until('revenue', settled, 'the labels')
  t.is((await kube.get(statefulSets, at)).spec?.template.metadata?.labels?.['team'], 'data')
  await stage.visit('revenue')
  t.is((await stage.read('revenue'))?.metadata.resourceVersion, labelled.metadata.resourceVersion)

  const before = await workers(stage)
  await stage.patch('revenue', { state: { volume: { size: '2048Mi' } } })
  await stage.until('revenue', settled, 'the volumes to grow')
  const grown = await kube.get(statefulSets, at)
  t.not(grown.metadata.uid, set.metadata.uid)
  t.deepEqual(volumeOf(grown), { size: '2Gi', storageClassName })
  t.deepEqual(await sizes(stage), ['state-revenue-0 2Gi', 'state-revenue-1 2Gi'])
  t.deepEqual(await workers(stage), before)
  await stage.visit('revenue')
  t.is((await kube.get(statefulSets, at)).metadata.resourceVersion, grown.metadata.resourceVersion)

  await stage.patch('revenue', { parallelism: 1 })
  await stage.until('revenue', (seen) => settled(seen) && seen.status?.workers === '1/1', 'one worker')
  t.deepEqual(await sizes(stage), ['state-revenue-0 2Gi'])

  await stage.patch('revenue', { state: { volume: null } })
  await stage.until('revenue', settled, 'workers without volumes')
  t.is(volumeOf(await kube.get(statefulSets, at)), undefined)
  t.deepEqual(await sizes(stage), [])
  t.false((await workers(stage)).some((uid) => before.includes(uid)))
})

test('a StorageClass whose volumes can not grow is named, and the workers go on', async (t) => {
  t.timeout(300_000)
  await using stage = await openStage()
  await begin(stage, false)
  const before = await workers(stage)
  await stage.patch('revenue', { state: { volume: { size: '2Gi' } } })
  const job = await stage.until('revenue', (seen) => is(seen, 'Ready', 'False', 'VolumeNotGrown'), 'the refusal')
  t.regex(findCondition(job.status?.conditions, 'Ready')?.message ?? '', /state-revenue-0 stays at 1Gi: .*resize/)
  t.true(is(job, 'WorkersReady', 'True'))
  t.deepEqual(await workers(stage), before)
})
