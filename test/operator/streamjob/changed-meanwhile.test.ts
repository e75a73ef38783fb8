import test from 'ava'
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
