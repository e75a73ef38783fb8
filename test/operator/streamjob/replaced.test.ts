import test from 'ava'
import { findCondition } from '../../../crds/conditions.ts'
import { MemoryStage, name, program } from './memory-stage.ts'

/** A job of three workers whose upgrade waits for its source topic, which is gone, with its workers stopped. */
async function waiting(): Promise<MemoryStage> {
  const stage = new MemoryStage()
  await stage.create({ program: program('a'), parallelism: 3 })
  await stage.settle()
  await stage.patch({ program: program('b'), parallelism: 1 })
  await stage.visit()
  stage.topics.delete('orders')
  await visits(stage)
  if ((await step(stage)) !== 'Upgrade Recording') throw new Error('the upgrade does not wait')
  return stage
}

async function visits(stage: MemoryStage): Promise<void> {
  for (let visit = 0; visit < 3; visit++) {
    await stage.play()
    await stage.visit()
  }
}

const step = async (stage: MemoryStage) => {
  const { operation } = (await stage.job()).status ?? {}
  return operation && `${operation.kind} ${operation.step}`
}
const readingFrom = (from: string) => {
  const [source = {}, ...rest] = program('c').steps as readonly { readonly from?: object }[]
  return { program: { steps: [{ ...source, from: { ...source.from, topic: from } }, ...rest] } }
}

test('an upgrade that waits for a topic gives way to a suspension', async (t) => {
  const stage = await waiting()
  await stage.patch({ suspend: true })
  await stage.settle()
  t.is(findCondition((await stage.job()).status?.conditions, 'Suspended')?.reason, 'SuspendedByUser')
  t.like(stage.record, { mode: 'stop' })
  t.true(stage.events.some(({ note }) => note.includes(', instead of Upgrade')))
})

test('an upgrade that waits for a topic gives way to a program that has its topics, and still takes leave of the workers that go', async (t) => {
  const stage = await waiting()
  stage.topics.add('purchases')
  await stage.patch(readingFrom('purchases'))
  stage.effects.length = 0
  await stage.settle()
  t.is((await stage.set()).spec?.replicas, 1)
  t.is(stage.record?.stages[0]?.sourceTopic, 'purchases')
  t.true(stage.effects.includes(`evict ${name}-1,${name}-2`))
  t.true(stage.effects.includes('resolve 1,2'))
})

test('a program that lacks a topic itself takes nobody’s place, and its topic is the one that is named', async (t) => {
  const stage = await waiting()
  await stage.patch(readingFrom('nowhere'))
  await visits(stage)
  t.is(await step(stage), 'Upgrade Recording')
  t.regex(findCondition((await stage.job()).status?.conditions, 'TopicsReady')?.message ?? '', /nowhere/)
  stage.topics.add('orders')
  await visits(stage)
  t.is(stage.record?.stages[0]?.sourceTopic, 'orders')
})

test('a resumption that waits for a topic is taken back', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program() })
  await stage.settle()
  await stage.patch({ suspend: true })
  await stage.settle()
  await stage.patch({ suspend: false, parallelism: 2 })
  const set = await stage.set()
  // Somebody scales it by hand, so that there are workers to wait for.
  await stage.startPod(`${name}-0`, { labels: set.spec?.template.metadata?.labels ?? {} })
  await stage.visit()
  stage.topics.delete('orders')
  await visits(stage)
  t.is(await step(stage), 'Start Recording')
  await stage.patch({ suspend: true })
  await stage.visit()
  t.is(await step(stage), undefined)
  t.true(stage.events.some(({ reason, note }) => reason === 'OperationTakenBack' && note === 'Start'))
  t.is(findCondition((await stage.job()).status?.conditions, 'Suspended')?.reason, 'SuspendedByUser')
})
