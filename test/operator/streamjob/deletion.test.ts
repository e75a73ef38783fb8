import test from 'ava'
import { findCondition } from '../../../crds/conditions.ts'
import { secrets } from '../../../operator/kube/resources.ts'
import { streamJobs } from '../../../operator/streamjob/visit.ts'
import { StreamJobError } from '../../../runtime/errors.ts'
import { MemoryStage, name, namespace, program } from './memory-stage.ts'

const at = { namespace, name }

async function remove(stage: MemoryStage): Promise<void> {
  const deletionTimestamp = new Date(stage.clock.now()).toISOString()
  await stage.api.kube.patch(streamJobs, at, { kind: 'merge', body: { metadata: { deletionTimestamp } } })
}

const kafka = { brokers: ['kafka:1'], tls: { caSecret: { name: 'kafka-ca' } } }

async function createSecret(stage: MemoryStage): Promise<void> {
  await stage.api.kube.create(secrets, { metadata: { namespace, name: 'kafka-ca' }, data: { 'ca.crt': '' } })
}

const isThere = async (stage: MemoryStage): Promise<boolean> => (await stage.api.kube.find(streamJobs, at)) !== null
const readiness = async (stage: MemoryStage) => findCondition((await stage.job()).status?.conditions, 'Ready')

async function untilGone(stage: MemoryStage): Promise<void> {
  while (await isThere(stage)) {
    await stage.visit()
    await stage.play()
  }
}

test('a deleted job leaves nothing in Kafka but its results', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program(), parallelism: 2 })
  await stage.settle()
  await remove(stage)
  await untilGone(stage)
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

test('a deleted job whose Secret was deleted with it waits for the Secret, and says until when', async (t) => {
  const stage = new MemoryStage()
  await createSecret(stage)
  await stage.create({ program: program(), kafka })
  await stage.settle()
  await stage.api.kube.delete(secrets, { namespace, name: 'kafka-ca' })
  await remove(stage)
  await stage.visit()
  t.like(await readiness(stage), { status: 'False', reason: 'Deleting' })
  t.regex((await readiness(stage))?.message ?? '', /^the Secret kafka-ca does not exist; .* until 10m after the deletion/)
  await createSecret(stage)
  await untilGone(stage)
  t.true(stage.effects.includes('deleteGroup'))
  t.false(stage.events.some(({ reason }) => reason === 'DeletionDeadlineExceeded'))
})

test('a deleted job whose Secret does not come back is let go when its deadline has passed', async (t) => {
  const stage = new MemoryStage()
  await createSecret(stage)
  await stage.create({ program: program(), kafka, deletion: { deadline: '1m' } })
  await stage.settle()
  await stage.api.kube.delete(secrets, { namespace, name: 'kafka-ca' })
  await remove(stage)
  await stage.clock.advance(59_000)
  await stage.visit()
  t.true(await isThere(stage))
  await stage.clock.advance(2_000)
  await stage.visit()
  t.false(await isThere(stage))
  t.regex(stage.events.at(-1)?.note ?? '', /the group shop\.revenue.*the deadline of 1m has passed; the Secret kafka-ca does not exist$/)
})

test('a deleted job that never had its Secret has nothing in Kafka, and is let go at once', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program(), kafka })
  await stage.visit()
  await remove(stage)
  await stage.visit()
  t.false(await isThere(stage))
})

test('a deleted job whose brokers know no record of it waits until they do', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program() })
  await stage.settle()
  const { record } = stage
  stage.record = null
  await remove(stage)
  await stage.visit()
  t.regex((await readiness(stage))?.message ?? '', /holds no record.* until 10m after the deletion/)
  t.false(stage.effects.includes('deleteGroup'))
  stage.record = record
  await untilGone(stage)
  t.true(stage.effects.includes('deleteGroup'))
})

test('a deleted job whose record names another owner is let go at once, and nothing is touched', async (t) => {
  const stage = new MemoryStage()
  await stage.create({ program: program() })
  await stage.settle()
  stage.record = { ...stage.record!, identity: { ...stage.record!.identity, uid: 'another' } }
  stage.effects.length = 0
  await remove(stage)
  await stage.visit()
  t.false(await isThere(stage))
  t.deepEqual(stage.effects, [])
  t.regex(stage.events.at(-1)?.note ?? '', /belongs to the StreamJob with uid another/)
})

test('a deleted job that never had a record leaves a group of its name alone, and takes the topics that were made for it', async (t) => {
  const stage = new MemoryStage()
  stage.kafkaHook = (effect) => {
    if (effect.startsWith('writeJobRecord')) throw new StreamJobError('kafka-unreachable', 'kafka:1 does not answer')
  }
  await stage.create({ program: program() })
  await t.throwsAsync(stage.visit(), { message: /does not answer/ })
  t.is((await stage.job()).status?.epoch, undefined)
  await remove(stage)
  await untilGone(stage)
  t.false(stage.effects.includes('deleteGroup'))
  t.true(stage.effects.includes('deleteTopics'))
  t.false(stage.events.some(({ reason }) => reason === 'DeletionDeadlineExceeded'))
})
