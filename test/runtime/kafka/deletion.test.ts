/** Deleting records through the client, over virtual brokers. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { StreamJobError } from '../../../runtime/errors.ts'
import type { KafkaClient } from '../../../runtime/kafka/client.ts'
import { clientOver } from '../../../runtime/kafka/connect.ts'
import { batch, World } from '../testing/broker/world.ts'

/** Three records in the only partition of a topic. */
async function written(t: ExecutionContext): Promise<{ world: World; client: KafkaClient }> {
  const world = new World({ nodes: 3, settings: { metadataLagMs: [0, 50] } })
  world.topic('t')
  await world.pass(100)
  for (let i = 0; i < 3; i++) await world.write('t', batch([{ value: `${i}` }]))
  const client = clientOver({ channel: () => world.openChannel(), [Symbol.asyncDispose]: async () => {} }, { timing: world.process.timing })
  t.teardown(() => client[Symbol.asyncDispose]())
  return { world, client }
}

async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'nothing failed'
  } catch (error) {
    return error instanceof StreamJobError ? `${error.code}: ${error.message}` : String(error)
  }
}

const start = (world: World): number => world.cluster.partition('t', 0).logStart

test('records before an offset are deleted, and to delete fewer changes nothing', async (t) => {
  const { world, client } = await written(t)
  await world.passing(client.reader.deleteRecords('t', 0, 2))
  t.is(await world.passing(client.reader.listOffset('t', 0, 'earliest')), 2)
  await world.passing(client.reader.deleteRecords('t', 0, 2))
  await world.passing(client.reader.deleteRecords('t', 0, 0))
  t.is(start(world), 2)
})

test('records are deleted at the new leader when the old one says that it is none any more', async (t) => {
  const { world, client } = await written(t)
  await world.passing(client.reader.deleteRecords('t', 0, 1))
  const leader = await world.leader('t')
  world.cluster.moveLeader('t', 0)
  await world.passing(client.reader.deleteRecords('t', 0, 2))
  t.not(await world.leader('t'), leader)
  t.is(start(world), 2)
})

test('records are deleted at the new leader when the old one is killed', async (t) => {
  const { world, client } = await written(t)
  await world.passing(client.reader.deleteRecords('t', 0, 1))
  world.cluster.stopNode(await world.leader('t'), 'hard')
  await world.passing(client.reader.deleteRecords('t', 0, 3))
  t.is(start(world), 3)
})

test('a deletion whose answer is lost is asked for again', async (t) => {
  const { world, client } = await written(t)
  Object.assign(world.faults, { loseAnswer: 1, only: new Set(['DeleteRecords']) })
  const deleting = client.reader.deleteRecords('t', 0, 2)
  await world.pass(500)
  t.is(start(world), 2, 'it was carried out')
  world.faults.loseAnswer = 0
  await t.notThrowsAsync(world.passing(deleting))
})

test('to delete more than there is, or before an offset that is none, is an error', async (t) => {
  const { world, client } = await written(t)
  t.is(
    await failure(world.passing(client.reader.deleteRecords('t', 0, 4))),
    'position-out-of-range: DeleteRecords of t-0 before 4: the broker answered OFFSET_OUT_OF_RANGE (1)',
  )
  for (const before of [-1, 1.5, NaN]) t.is(await failure(client.reader.deleteRecords('t', 0, before)), `internal: t-0 has no offset ${before}`)
  t.is(start(world), 0)
})

test('to delete from a topic that is only compacted is an error', async (t) => {
  const { world, client } = await written(t)
  world.topic('compacted', { config: { 'cleanup.policy': 'compact' } })
  await world.pass(100)
  t.regex(await failure(world.passing(client.reader.deleteRecords('compacted', 0, 0))), /^record-refused: .* POLICY_VIOLATION/)
})
