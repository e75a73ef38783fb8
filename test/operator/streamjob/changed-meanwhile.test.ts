import test from 'ava'
import { findCondition } from '../../../crds/conditions.ts'
import { KubeError } from '../../../operator/kube/errors.ts'
import { MemoryStage, program } from './memory-stage.ts'

const env = (value: string) => [{ name: 'RATE', value }]

async function rate(stage: MemoryStage): Promise<string | undefined> {
  return (await stage.set()).spec?.template.spec?.containers[0]?.env?.find(({ name }) => name === 'RATE')?.value
}

test('pods of a release are made of the spec that the release was planned from, whatever the spec says by then', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program('a') })
  await stage.settle()
  const asked = { ...program('b'), env: env('1') }
  await stage.patch({ program: asked })
  // The pods of the old program are still there.
  await stage.visit()
  t.is((await stage.job()).status?.operation?.kind, 'Upgrade')
  await stage.patch({ program: { steps: [{ from: { topic: 'orders' } }, { fliter: 'x' }, { to: { topic: 'revenue' } }], env: env('2') } })
  stage.restart()
  await stage.settle()
  t.is(await rate(stage), '1')
  await stage.patch({ program: asked })
  await stage.settle()
  t.is(await rate(stage), '1')
})

test('a job that is resumed with a program that is refused gets the pods that it had', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: { ...program(), env: env('1') } })
  await stage.settle()
  await stage.patch({ suspend: true })
  await stage.settle()
  await stage.patch({ suspend: false, program: { steps: [{ nothing: {} }], env: env('2') } })
  await stage.settle()
  t.is((await stage.set()).spec?.replicas, 1)
  t.is(await rate(stage), '1')
})

test('an upgrade under way is carried through although the spec asks for a forbidden pod by then', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program('a') })
  await stage.settle()
  await stage.patch({ program: program('b') })
  await stage.visit()
  await stage.patch({ pod: { template: { spec: { hostNetwork: true } } } })
  await stage.settle()
  const set = await stage.set()
  t.is(set.spec?.replicas, 1)
  t.is((await stage.job()).status?.operation, undefined)
})

test('pods that the API server refuses stop no worker: the job goes on, at the size that is asked for', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program() })
  await stage.settle()
  const before = await stage.set()
  // A dry run of the whole and the real thing are refused alike.
  stage.api.hook = (verb, plural) => {
    if (plural === 'statefulsets' && (verb === 'dry-run' || verb === 'apply'))
      throw new KubeError('apply statefulsets', { status: 422, reason: 'Invalid', message: 'spec.template.spec.tolerations[0].operator: Exist' })
  }
  await stage.patch({ parallelism: 2, pod: { template: { spec: { tolerations: [{ operator: 'Exist' }] } } } })
  await stage.settle()
  const job = await stage.job()
  t.regex(findCondition(job.status?.conditions, 'Ready')?.message ?? '', /refuses the pods: .*tolerations\[0\]/)
  t.is(findCondition(job.status?.conditions, 'WorkersReady')?.status, 'True')
  const after = await stage.set()
  t.deepEqual(after.spec?.template, before.spec?.template)
  t.is(after.spec?.replicas, 2)
  stage.api.hook = () => {}
  await stage.patch({ pod: { template: { spec: { tolerations: [{ operator: 'Exists' }] } } } })
  await stage.settle()
  t.is(findCondition((await stage.job()).status?.conditions, 'Ready')?.reason, 'Running')
  t.deepEqual((await stage.set()).spec?.template.spec?.tolerations, [{ operator: 'Exists' }])
})

test('a job whose new program is refused says that the former one goes on, until that is stopped too', async (t) => {
  const stage = new MemoryStage()
  const message = async () => findCondition((await stage.job()).status?.conditions, 'Ready')?.message ?? ''
  await stage.create({ program: { steps: [{ nothing: {} }] } })
  await stage.settle()
  t.notRegex(await message(), /goes on/)
  await stage.patch({ program: program() })
  await stage.settle()
  await stage.patch({ program: { steps: [{ nothing: {} }] } })
  await stage.settle()
  t.regex(await message(), /nothing.*; the former program goes on$/s)
  await stage.patch({ parallelism: 0 })
  await stage.settle()
  t.notRegex(await message(), /goes on/)
})

test('a job whose own topic goes away says nothing of a former program', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program() })
  await stage.settle()
  stage.topics.delete('orders')
  await stage.settle()
  const ready = findCondition((await stage.job()).status?.conditions, 'Ready')
  t.like(ready, { status: 'False', reason: 'TopicMissing' })
  t.notRegex(ready?.message ?? '', /goes on/)
})
