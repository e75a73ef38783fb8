/** Brokers that come and go, and what each of them knows. */
import test from 'ava'
import { batch, World } from './world.ts'

test('a leader that moves is refused as such where it was, and found where it is', async (t) => {
  const world = new World({ nodes: 3 })
  world.topic('t')
  const before = await world.leader('t')
  world.cluster.moveLeader('t', 0)
  const after = await world.leader('t')
  t.not(after, before)
  const request = { transactionalId: null, timeoutMs: 1_000, partitions: [{ topic: 't', partition: 0, records: batch([{}]) }] }
  t.is((await world.passing(world.channel.produce(before, request)))[0]?.error, 6)
  t.is((await world.passing(world.channel.produce(after, request)))[0]?.error, 0)
})

test('a fetch that waits at a leader is answered when the leader moves', async (t) => {
  const world = new World({ nodes: 2 })
  world.topic('t')
  const leader = await world.leader('t')
  const topicId = (await world.passing(world.channel.metadata(['t']))).topics[0]!.id
  const partitions = [{ topic: 't', topicId, partition: 0, offset: 0, maxBytes: 100 }]
  const fetching = world.channel.fetch(leader, { maxWaitMs: 60_000, minBytes: 1, maxBytes: 100, partitions })
  await world.pass(10)
  world.cluster.moveLeader('t', 0)
  t.is((await world.passing(fetching)).partitions[0]?.error, 6)
  t.true(world.clock.now() < 1_000)
})

test('a broker that stops cleanly hands over at once, one that is killed when the others have noticed', async (t) => {
  const world = new World({ nodes: 3, settings: { brokerSessionTimeoutMs: 9_000 } })
  world.topic('t', { partitions: 3 })
  world.cluster.stopNode(1, 'clean')
  for (const partition of [0, 1, 2]) t.not(await world.leader('t', partition), 1)
  const leader = await world.leader('t')
  world.cluster.stopNode(leader, 'hard')
  t.is(await world.leader('t'), leader)
  await world.pass(9_000)
  t.not(await world.leader('t'), leader)
})

test('what was written outlives its brokers', async (t) => {
  const world = new World()
  world.topic('t')
  await world.write('t', batch([{}]))
  world.cluster.stopNode(1, 'hard')
  await t.throwsAsync(world.passing(world.channel.metadata(['t'])), { message: /No Kafka broker answered/ })
  world.cluster.startNode(1)
  await world.pass(1_000)
  t.is(await world.leader('t'), 1)
  t.like(await world.write('t', batch([{}])), { error: 0, baseOffset: 1 })
})

test('a broker knows a topic, and that it leads it, when the news has reached it', async (t) => {
  const world = new World({ settings: { metadataLagMs: [100, 101] }, latencyMs: [0, 0] })
  const partitions = [{ topic: 't', partition: 0, records: batch([{}]) }]
  const produce = async (): Promise<number> =>
    (await world.passing(world.channel.produce(1, { transactionalId: null, timeoutMs: 1_000, partitions })))[0]!.error
  world.topic('t')
  t.is((await world.passing(world.channel.metadata(['t']))).topics[0]?.error, 3)
  t.is(await produce(), 3)
  await world.pass(102)
  t.is((await world.passing(world.channel.metadata(['t']))).topics[0]?.error, 0)
  t.is(await produce(), 0)
  world.cluster.deleteTopic('t')
  t.is((await world.passing(world.channel.metadata(['t']))).topics[0]?.error, 0)
  t.is(await produce(), 3)
})

test('who asks for a coordinator first is told to wait until the internal topic is made', async (t) => {
  const world = new World({ settings: { internalTopicsMs: 300 }, latencyMs: [0, 0] })
  t.like(await world.passing(world.channel.findCoordinator('group', 'g')), { error: 15, node: -1 })
  await world.pass(299)
  t.like(await world.passing(world.channel.findCoordinator('group', 'g')), { error: 15 })
  await world.pass(1)
  t.like(await world.passing(world.channel.findCoordinator('group', 'other')), { error: 0, node: 1 })
  t.like(await world.passing(world.channel.findCoordinator('transaction', 'p')), { error: 15 })
})

test('a cluster that is disposed of does nothing more', async (t) => {
  const world = new World()
  world.topic('t')
  const producer = await world.producer('p', 1_000)
  await world.add(producer, 't')
  world.cluster[Symbol.dispose]()
  await world.clock.run(() => false)
  t.is(world.cluster.transactions()[0]?.state, 'Ongoing')
})
