import test from 'ava'
import { parseStreamJob } from '../../../crds/streamjob.ts'
import { pods, type StatefulSet, statefulSets, type Stored } from '../../../operator/kube/resources.ts'
import { MemoryStage, name, namespace, program } from './memory-stage.ts'

const at = { namespace, name }

test('a StatefulSet that was scaled by hand beyond what a job may have is scaled back', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program() })
  await stage.settle()
  await stage.api.kube.patch(statefulSets, at, { kind: 'merge', body: { spec: { replicas: 5_000 } } })
  await stage.visit()
  t.is((await stage.set()).spec?.replicas, 1)
  const job = await stage.job()
  t.is(job.status?.operation?.kind, 'Rescale')
  t.notThrows(() => parseStreamJob(job), 'the API server takes this status')
})

test('workers whose StatefulSet was deleted without them are made anew', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program(), parallelism: 2 })
  await stage.settle()
  await stage.api.kube.delete(statefulSets, at)
  await stage.settle()
  t.is((await stage.set()).spec?.replicas, 2)
  t.is((await stage.api.kube.list(pods, { namespace })).items.length, 2)
  t.is(stage.record?.epoch, 2)
})

test('a worker that is made just before its controller sees the new size is waited for', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program(), parallelism: 2 })
  await stage.settle()
  await stage.patch({ parallelism: 0 })
  await stage.visit()
  const { kube } = stage.api
  const { labels = {} } = (await kube.get(pods, { namespace, name: `${name}-0` })).metadata
  for (const ordinal of [0, 1]) await kube.delete(pods, { namespace, name: `${name}-${ordinal}` })
  const set: Stored<StatefulSet> = await stage.set()
  // While the operator waits for the StatefulSet, its controller makes a pod of the old size and then sees the new one.
  let answers = 0
  stage.api.hook = async (verb, plural) => {
    if (verb !== 'get' || plural !== 'statefulsets' || ++answers !== 2) return
    await new Promise((resolve) => setImmediate(resolve))
    await stage.startPod(`${name}-1`, { labels })
    await kube.patch(statefulSets, at, { kind: 'merge', body: { status: { observedGeneration: set.metadata.generation } } })
  }
  await stage.visit()
  t.is(answers, 2)
  t.is((await stage.job()).status?.operation?.step, 'Draining')
})

test('a pod that does not go, as its node is lost, is asked after less and less often', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program() })
  await stage.settle()
  await stage.patch({ parallelism: 0 })
  t.deepEqual(await stage.visit(), { requeueAfterMs: 1_000 })
  await stage.clock.advance(80_000)
  t.deepEqual(await stage.visit(), { requeueAfterMs: 10_000 })
  await stage.clock.advance(3_600_000)
  t.deepEqual(await stage.visit(), { requeueAfterMs: 30_000 })
})
