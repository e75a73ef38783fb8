/** Jobs of several stages: what the operator makes for them, and tells the workers. */
import test from 'ava'
import { findCondition } from '../../../crds/conditions.ts'
import { streamJobs } from '../../../operator/streamjob/visit.ts'
import { parseTopic } from '../../../runtime/protocol.ts'
import { MemoryStage, name, namespace, program } from './memory-stage.ts'

function byRegion(): { steps: readonly unknown[] } {
  const schema = { customer: 'string', region: 'string', amount: 'number', at: 'timestamp' }
  const [, , ...rest] = program().steps
  return {
    steps: [
      { from: { topic: 'orders', format: 'json', schema }, eventTime: { field: 'at', outOfOrderness: '10s' } },
      { keyBy: { field: 'region', name: 'by-region' } },
      ...rest,
    ],
  }
}

function aligned(step: unknown): object {
  const { eventTime, ...from } = step as { readonly eventTime: object }
  return { ...from, eventTime: { ...eventTime, maxDrift: '1m' } }
}

const kafka = { brokers: ['kafka:9092'], internalTopics: { partitions: 6 } }

test('what stages send to each other has a topic with the partitions of the spec, and the record says who writes it', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: byRegion(), kafka })
  await stage.settle()
  const between = [...stage.topics].find((topic) => topic.includes('.repartition.1.by-region'))!
  t.is(stage.partitions.get(between), 6)
  t.is(stage.partitions.get(between.replace('repartition', 'changelog')), 6)
  t.deepEqual(
    stage.record?.stages.map(({ name, sourceTopic, partitions, writers }) => ({ name, sourceTopic, partitions, writers })),
    [
      { name: 'orders', sourceTopic: 'orders', partitions: 2, writers: undefined },
      { name: 'by-region', sourceTopic: between, partitions: 6, writers: [{ stage: 'orders', partitions: 2 }] },
    ],
  )
})

test('a job whose partitions wait for each other has a topic for what its workers tell', async (t) => {
  const stage = new MemoryStage()
  const steps = byRegion().steps.map((step, i) => (i === 0 ? aligned(step) : step))
  await stage.create({ program: { steps }, kafka })
  await stage.settle()
  const told = [...stage.topics].filter((topic) => topic.endsWith('.job.alignment'))
  t.deepEqual(told, [`${namespace}.${name}.job.alignment`])
  t.is(stage.partitions.get(told[0]!), 1)
  t.deepEqual(parseTopic(`${namespace}.${name}`, told[0]!), { kind: 'alignment' })
})

test('partitions that a source gets later are writers with the next record, and what is between keeps its own', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: byRegion(), kafka })
  await stage.settle()
  stage.partitions.set('orders', 5)
  await stage.settle()
  t.deepEqual(
    stage.record?.stages.map(({ partitions, partitionsAtStart, writers }) => ({ partitions, partitionsAtStart, writers })),
    [
      { partitions: 5, partitionsAtStart: 2, writers: undefined },
      { partitions: 6, partitionsAtStart: undefined, writers: [{ stage: 'orders', partitions: 5 }] },
    ],
  )
})

test('a topic between stages that is gone is named, because what was in it is lost', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: byRegion(), kafka })
  await stage.settle()
  const between = stage.record?.stages[1]?.sourceTopic ?? ''
  stage.topics.delete(between)
  await stage.visit()
  const condition = findCondition((await stage.job()).status?.conditions, 'TopicsReady')
  t.is(condition?.reason, 'TopicReplaced')
  t.regex(condition?.message ?? '', /repartition\.1\.by-region was deleted/)
})

test('with the job its topics between stages go', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: byRegion(), kafka })
  await stage.settle()
  const deletionTimestamp = new Date(stage.clock.now()).toISOString()
  await stage.api.kube.patch(streamJobs, { namespace, name }, { kind: 'merge', body: { metadata: { deletionTimestamp } } })
  while ((await stage.api.kube.find(streamJobs, { namespace, name })) !== null) {
    await stage.visit()
    await stage.play()
  }
  t.deepEqual(
    [...stage.topics].filter((topic) => /repartition|changelog/.test(topic)),
    [],
  )
})
