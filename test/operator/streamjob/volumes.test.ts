import test from 'ava'
import { findCondition } from '../../../crds/conditions.ts'
import { KubeError } from '../../../operator/kube/errors.ts'
import { persistentVolumeClaims, pods } from '../../../operator/kube/resources.ts'
import { MemoryStage, name, namespace, program } from './memory-stage.ts'

const slow = (size: string) => ({ state: { volume: { size, storageClassName: 'slow' } } })

async function started(spec: Readonly<Record<string, unknown>>): Promise<MemoryStage> {
  const stage = new MemoryStage()
  await stage.create({ program: program(), parallelism: 2, ...spec })
  await stage.settle()
  return stage
}

async function workers(stage: MemoryStage): Promise<readonly string[]> {
  return (await stage.api.kube.list(pods, { namespace })).items.map(({ metadata }) => metadata.uid)
}

async function condition(stage: MemoryStage, type: 'Ready' | 'WorkersReady') {
  return findCondition((await stage.job()).status?.conditions, type)
}

test('workers that are gone for good leave no claim, and those that stay keep theirs', async (t) => {
  const stage = await started({ ...slow('1Gi'), parallelism: 3 })
  t.is((await stage.claims()).length, 3)
  await stage.patch({ parallelism: 1 })
  await stage.visit()
  t.is((await stage.claims()).length, 3, 'not before the workers are gone and fenced')
  await stage.settle()
  t.deepEqual(await stage.claims(), ['state-revenue-0 1Gi slow'])
})

test('a suspended job keeps its claims, and goes on with those of the workers that are still wanted', async (t) => {
  const stage = await started({ ...slow('1Gi'), parallelism: 3 })
  const kept = await stage.api.kube.get(persistentVolumeClaims, { namespace, name: 'state-revenue-1' })
  await stage.patch({ suspend: true })
  await stage.settle()
  t.is((await stage.claims()).length, 3)
  await stage.patch({ suspend: false, parallelism: 2 })
  await stage.settle()
  t.deepEqual(await stage.claims(), ['state-revenue-0 1Gi slow', 'state-revenue-1 1Gi slow'])
  t.is((await stage.api.kube.get(persistentVolumeClaims, kept.metadata)).metadata.uid, kept.metadata.uid)
})

test('a volume grows under a worker that goes on, and later workers get the new size at once', async (t) => {
  const stage = await started(slow('1Gi'))
  const [before, set] = [await workers(stage), await stage.set()]
  await stage.patch(slow('2Gi'))
  await stage.settle()
  t.deepEqual(await stage.claims(), ['state-revenue-0 2Gi slow', 'state-revenue-1 2Gi slow'])
  t.deepEqual(await workers(stage), before)
  t.not((await stage.set()).metadata.uid, set.metadata.uid)
  t.true(stage.api.writes.includes('delete statefulsets revenue Orphan'), 'or Kubernetes would collect the workers')
  t.is(stage.record?.epoch, 1, 'the workers are not even told')
  await stage.patch({ parallelism: 3 })
  await stage.settle()
  t.is((await stage.claims()).at(-1), 'state-revenue-2 2Gi slow')
})

test('while its StatefulSet is made anew a job stays Ready, whatever else its spec asks for meanwhile', async (t) => {
  const stage = await started(slow('1Gi'))
  const before = await workers(stage)
  // The StatefulSet is gone and the operator with it.
  stage.api.hook = (verb, plural) => {
    if (verb === 'apply' && plural === 'statefulsets') throw new Error('ended')
  }
  await stage.patch(slow('2Gi'))
  await t.throwsAsync(stage.visit(), { message: 'ended' })
  stage.api.hook = () => {}
  await t.throwsAsync(stage.set(), undefined, 'it is gone')
  stage.restart()
  // This version does not carry that out: a new job would be refused as a whole.
  await stage.patch({ state: { backend: 'Disk' } })
  await stage.visit()
  t.deepEqual(await workers(stage), before)
  t.is((await stage.set()).spec?.replicas, 2)
  t.is((await stage.job()).status?.workers, '2/2')
  t.is((await condition(stage, 'WorkersReady'))?.status, 'True')
})

test('a volume that can not grow is named with the reason, and holds up neither workers nor another size', async (t) => {
  const stage = await started(slow('1Gi'))
  const set = await stage.set()
  stage.api.hook = (verb, plural) => {
    if (verb === 'patch' && plural === 'persistentvolumeclaims') {
      throw new KubeError('patch', { status: 403, reason: 'Forbidden', message: 'the storageclass must support resize' })
    }
  }
  await stage.patch(slow('2Gi'))
  await stage.visit()
  t.like(await condition(stage, 'Ready'), { status: 'False', reason: 'VolumeNotGrown' })
  t.regex((await condition(stage, 'Ready'))?.message ?? '', /state-revenue-0 stays at 1Gi: .*must support resize/)
  t.is((await condition(stage, 'WorkersReady'))?.status, 'True')
  t.is((await stage.set()).metadata.uid, set.metadata.uid)
  await stage.patch({ parallelism: 3 })
  for (let visits = 0; visits < 4; visits++) {
    await stage.visit()
    await stage.play()
  }
  t.is((await stage.set()).spec?.replicas, 3)
  t.is((await condition(stage, 'Ready'))?.reason, 'VolumeNotGrown')
  stage.api.hook = () => {}
  await stage.settle()
  t.deepEqual(
    await stage.claims(),
    [0, 1, 2].map((ordinal) => `state-revenue-${ordinal} 2Gi slow`),
  )
  t.is((await condition(stage, 'Ready'))?.status, 'True')
})

test('a volume that is added or removed replaces the workers; claims that are not wanted any more go', async (t) => {
  const stage = await started({})
  const before = await workers(stage)
  await stage.patch(slow('1Gi'))
  await stage.settle()
  t.is((await stage.claims()).length, 2)
  t.false((await workers(stage)).some((uid) => before.includes(uid)))
  await stage.patch({ state: { volume: null } })
  await stage.settle()
  t.deepEqual(await stage.claims(), [])
  t.is((await stage.set()).spec?.volumeClaimTemplates, undefined)
})

test('a volume of another class takes the place of the one before, also when nobody saw it removed', async (t) => {
  const stage = await started(slow('2Gi'))
  for (const storageClassName of ['fast', undefined, 'slow']) {
    await stage.patch({ state: { volume: null } })
    await stage.patch({ state: { volume: { size: '1Gi', ...(storageClassName && { storageClassName }) } } })
    await stage.settle()
    t.deepEqual(await stage.claims(), [`state-revenue-0 1Gi ${storageClassName}`, `state-revenue-1 1Gi ${storageClassName}`])
  }
})

test('a claim that somebody else has made under the name of a worker is never touched', async (t) => {
  const stage = await started({ ...slow('1Gi'), parallelism: 1 })
  const labels = { 'streamjob.dev/job': name, 'streamjob.dev/component': 'worker' }
  const claim = { metadata: { namespace, name: 'state-revenue-1', labels }, spec: { resources: { requests: { storage: '5Mi' } } } }
  await stage.api.kube.create(persistentVolumeClaims, claim as never)
  await stage.patch({ parallelism: 2, ...slow('2Gi') })
  await stage.settle()
  await stage.patch({ parallelism: 0 })
  await stage.settle()
  t.deepEqual(await stage.claims(), ['state-revenue-1 5Mi undefined'])
})

test('a settled job with volumes costs no call for them', async (t) => {
  const stage = await started(slow('1Gi'))
  const asked: string[] = []
  stage.api.hook = (verb, plural) => void asked.push(`${verb} ${plural}`)
  await stage.visit()
  t.true(asked.length > 0)
  t.deepEqual(
    asked.filter((call) => call.includes('persistentvolumeclaims')),
    [],
  )
})
