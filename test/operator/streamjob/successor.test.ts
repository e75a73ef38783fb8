import test from 'ava'
import { isConflict } from '../../../operator/kube/errors.ts'
import { statefulSets } from '../../../operator/kube/resources.ts'
import { MemoryStage, name, namespace, program } from './memory-stage.ts'

const at = { namespace, name }

/** A visit in which the operator stands still just before the call, and goes on after its successor has scaled the job to 7 workers. */
async function overtaken(stage: MemoryStage, before: { readonly verb: string; readonly plural: string }): Promise<unknown> {
  stage.api.hook = async (verb, plural) => {
    if (verb !== before.verb || plural !== before.plural) return
    stage.api.hook = () => {}
    await stage.api.kube.patch(statefulSets, at, { kind: 'merge', body: { spec: { replicas: 7 } } })
  }
  const error = await stage.visit().then(
    () => null,
    (thrown: unknown) => thrown,
  )
  stage.api.hook = () => {}
  return error
}

async function running(): Promise<MemoryStage> {
  const stage = new MemoryStage()
  await stage.create({ program: program('a') })
  await stage.settle()
  return stage
}

const writes = [
  ['starts a new program', { program: program('b') }, { verb: 'apply', plural: 'statefulsets' }],
  ['starts a new program, and is about to say so', { program: program('b') }, { verb: 'updateStatus', plural: 'streamjobs' }],
  ['changes the number of workers', { parallelism: 2 }, { verb: 'patch', plural: 'statefulsets' }],
  ['changes the number of workers, and is about to say so', { parallelism: 2 }, { verb: 'updateStatus', plural: 'streamjobs' }],
  ['renews labels', { pod: { template: { metadata: { labels: { team: 'shop' } } } } }, { verb: 'apply', plural: 'statefulsets' }],
] as const

for (const [what, change, before] of writes) {
  test(`an operator that stands still while it ${what} does not write over its successor`, async (t) => {
    const stage = await running()
    await stage.patch(change)
    if ('program' in change) {
      // Up to where its workers are stopped.
      await stage.visit()
      await stage.play()
    }
    const { template } = (await stage.set()).spec ?? {}
    const error = await overtaken(stage, before)
    t.true(isConflict(error), String(error))
    const { spec } = await stage.set()
    t.deepEqual([spec?.replicas, spec?.template], [7, template])
    await stage.settle()
    t.is((await stage.set()).spec?.replicas, 'parallelism' in change ? 2 : 1)
  })
}

test('what the controller of StatefulSets says meanwhile is no reason to begin again', async (t) => {
  const stage = await running()
  await stage.patch({ parallelism: 2 })
  stage.api.hook = async (verb) => {
    if (verb !== 'updateStatus') return
    stage.api.hook = () => {}
    await stage.api.kube.patch(statefulSets, at, { kind: 'merge', body: { status: { readyReplicas: 0 } } })
  }
  await stage.visit()
  t.is((await stage.set()).spec?.replicas, 2)
})
