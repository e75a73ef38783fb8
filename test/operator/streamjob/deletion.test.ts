import test from 'ava'
import { streamJobs } from '../../../operator/streamjob/visit.ts'
import { MemoryStage, name, namespace, program } from './memory-stage.ts'

const at = { namespace, name }

async function remove(stage: MemoryStage): Promise<void> {
  const deletionTimestamp = new Date(stage.clock.now()).toISOString()
  await stage.api.kube.patch(streamJobs, at, { kind: 'merge', body: { metadata: { deletionTimestamp } } })
}

test('a deleted job leaves nothing in Kafka but its results', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program(), parallelism: 2 })
  await stage.settle()
  await remove(stage)
  while ((await stage.api.kube.find(streamJobs, at)) !== null) {
    await stage.visit()
    await stage.play()
  }
  t.deepEqual(stage.effects.slice(-5), ['evict revenue-0,revenue-1', 'resolve 0,1', 'deleteGroup', 'deleteTopics', 'deleteTopics'])
  t.false(stage.events.some(({ reason }) => reason === 'DeletionDeadlineExceeded'))
  t.deepEqual(
    [...stage.topics].filter((topic) => topic.startsWith(`${namespace}.`) && !/[.](late|dlq)$/.test(topic)),
    [],
  )
})

test('whatever goes wrong, a deleted job is let go when its deadline has passed', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program(), deletion: { deadline: '1m' } })
  await stage.settle()
  await remove(stage)
  stage.world.kube.updateStatus = () => Promise.reject(new TypeError('a bug'))
  await t.throwsAsync(stage.visit(), { message: 'a bug' })
  await stage.clock.advance(61_000)
  await stage.visit()
  t.is(await stage.api.kube.find(streamJobs, at), null)
  t.regex(stage.events.at(-1)?.note ?? '', /let go with things left in Kafka: .*a bug/)
})

test('an operator that ends just before it lets a job go does not say that something was left', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program() })
  await stage.settle()
  await remove(stage)
  stage.api.hook = (verb, plural) => {
    if (verb === 'patch' && plural === 'streamjobs') throw new Error('the operator ends')
  }
  // The record goes with the job topic.
  stage.kafkaHook = (effect) => {
    if (effect === 'deleteTopics') stage.record = null
  }
  await t.throwsAsync(async () => {
    for (;;) {
      await stage.visit()
      await stage.play()
    }
  })
  stage.api.hook = () => {}
  stage.restart()
  while ((await stage.api.kube.find(streamJobs, at)) !== null) await stage.visit()
  t.deepEqual(
    stage.events.filter(({ reason }) => reason === 'DeletionDeadlineExceeded'),
    [],
  )
})
