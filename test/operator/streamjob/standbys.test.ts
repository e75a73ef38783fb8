import test from 'ava'
import { pods } from '../../../operator/kube/resources.ts'
import { MemoryStage, namespace, program } from './memory-stage.ts'

async function uids(stage: MemoryStage): Promise<readonly string[]> {
  return (await stage.api.kube.list(pods, { namespace })).items.map(({ metadata }) => metadata.uid)
}

test('another number of standbys is a new record, and restarts no worker', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program(), parallelism: 2 })
  await stage.settle()
  t.like(stage.record, { epoch: 1, standbys: 0 })
  const [set, before] = [await stage.set(), await uids(stage)]
  await stage.patch({ state: { standbys: 1 } })
  await stage.settle()
  t.like(stage.record, { epoch: 2, standbys: 1, parallelism: 2, mode: 'run' })
  t.deepEqual(await uids(stage), before)
  t.is((await stage.set()).metadata.resourceVersion, set.metadata.resourceVersion)
})

test('a job that is suspended with other standbys takes them on when it goes on', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program(), state: { standbys: 1 } })
  await stage.settle()
  await stage.patch({ suspend: true, state: { standbys: 2 } })
  await stage.settle()
  t.like(stage.record, { mode: 'stop', standbys: 1 })
  await stage.patch({ suspend: false })
  await stage.settle()
  t.like(stage.record, { mode: 'run', standbys: 2 })
})
