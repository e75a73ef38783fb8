import test from 'ava'
import { findCondition } from '../../../crds/conditions.ts'
import { statefulSets } from '../../../operator/kube/resources.ts'
import { streamJobs } from '../../../operator/streamjob/visit.ts'
import { MemoryStage, name, namespace, program } from './memory-stage.ts'

test('workers that do not answer hold a suspension up for a minute, however many they are', async (t) => {
  let asked = 0
  const all = Promise.withResolvers<null>()
  const stage = new MemoryStage({
    pods: {
      plan: () => Promise.resolve(null),
      // Silent until every one of them has been asked.
      status() {
        if (++asked === 5) all.resolve(null)
        return all.promise
      },
    },
  })
  await stage.create({ program: program(), parallelism: 5 })
  await stage.settle()
  await stage.patch({ suspend: true })
  await stage.visit()
  t.is((await stage.job()).status?.operation?.step, 'Committing')
  t.is(asked, 5)
  await stage.clock.advance(61_000)
  await stage.settle()
  t.is(findCondition((await stage.job()).status?.conditions, 'Suspended')?.reason, 'SuspendedByUser')
  t.is(asked, 5)
})

test('a job that is made suspended says so', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program(), suspend: true })
  await stage.settle()
  const { conditions } = (await stage.job()).status ?? {}
  t.is(findCondition(conditions, 'Suspended')?.reason, 'SuspendedByUser')
  t.is(findCondition(conditions, 'Ready')?.reason, 'SuspendedByUser')
  t.is(await stage.api.kube.find(statefulSets, { namespace, name }), null)
})

test('a job whose record was lost can be suspended', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program() })
  await stage.settle()
  stage.record = null
  const { metadata } = await stage.job()
  const body = { metadata: { annotations: { 'streamjob.dev/adopt': metadata.uid } }, spec: { suspend: true } }
  await stage.api.kube.patch(streamJobs, metadata, { kind: 'merge', body })
  await stage.settle()
  t.is((await stage.set()).spec?.replicas, 0)
  t.deepEqual(stage.effects.slice(-1), ['resolve 0'])
})
