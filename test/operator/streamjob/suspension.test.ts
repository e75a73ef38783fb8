import test from 'ava'
import { findCondition } from '../../../crds/conditions.ts'
import { statefulSets } from '../../../operator/kube/resources.ts'
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
