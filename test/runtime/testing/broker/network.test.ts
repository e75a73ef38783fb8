import test from 'ava'
import { StreamJobError } from '../../../../runtime/errors.ts'
import { batch, World } from './world.ts'

async function codeOf(work: Promise<unknown>): Promise<string | null> {
  try {
    await work
    return null
  } catch (error) {
    return error instanceof StreamJobError ? error.code : String(error)
  }
}

function produce(world: World, node = 1): Promise<unknown> {
  return world.channel.produce(node, { transactionalId: null, timeoutMs: 1_000, partitions: [{ topic: 't', partition: 0, records: batch([{}]) }] })
}

const written = (world: World): number => world.cluster.partition('t', 0).highWatermark

test('a request whose answer is lost is carried out, and the client sees its connection break', async (t) => {
  const world = new World()
  world.topic('t')
  await world.leader('t')
  world.faults.loseAnswer = 1
  const before = world.clock.now()
  t.is(await codeOf(world.passing(produce(world))), 'kafka-unreachable')
  t.is(written(world), 1)
  t.true(world.clock.now() - before < 100)
})

test('a request that is lost is not carried out', async (t) => {
  const world = new World()
  world.topic('t')
  await world.leader('t')
  world.faults.loseRequest = 1
  t.is(await codeOf(world.passing(produce(world))), 'kafka-unreachable')
  await world.pass(60_000)
  t.is(written(world), 0)
})

test('a late request is carried out after the client has given it up', async (t) => {
  const world = new World()
  world.topic('t')
  await world.leader('t')
  Object.assign(world.faults, { delayRequest: 1, delayMs: [500, 501] })
  const before = world.clock.now()
  t.is(await codeOf(world.passing(produce(world))), 'kafka-unreachable')
  // As long as the request may take at the broker, and ten seconds.
  t.is(world.clock.now() - before, 11_000)
  t.is(written(world), 0)
  await world.pass(502)
  t.is(written(world), 1)
})

test('the answers of one connection come one after the other: what waits at the broker holds up what was sent behind it', async (t) => {
  const world = new World()
  world.topic('t')
  await world.leader('t')
  const topicId = (await world.passing(world.channel.metadata(['t']))).topics[0]!.id
  const order: string[] = []
  const fetching = world.channel.fetch(1, {
    maxWaitMs: 400,
    minBytes: 1,
    maxBytes: 100,
    partitions: [{ topic: 't', topicId, partition: 0, offset: 0, maxBytes: 100 }],
  })
  const listing = world.channel.listOffsets(1, { partitions: [{ topic: 't', partition: 0, timestamp: -1 }] })
  const other = world.openChannel().listOffsets(1, { partitions: [{ topic: 't', partition: 0, timestamp: -1 }] })
  const all = [fetching.then(() => order.push('fetch')), listing.then(() => order.push('behind it')), other.then(() => order.push('another channel'))]
  await world.passing(Promise.all(all))
  t.deepEqual(order, ['another channel', 'fetch', 'behind it'])
})

test('a broker that is killed takes its connections with it, and what waits there is never answered', async (t) => {
  const world = new World({ nodes: 2 })
  world.topic('t')
  const leader = await world.leader('t')
  const topicId = (await world.passing(world.channel.metadata(['t']))).topics[0]!.id
  const fetching = world.channel.fetch(leader, {
    maxWaitMs: 60_000,
    minBytes: 1,
    maxBytes: 100,
    partitions: [{ topic: 't', topicId, partition: 0, offset: 0, maxBytes: 100 }],
  })
  const failed = codeOf(fetching)
  await world.pass(10)
  world.cluster.stopNode(leader, 'hard')
  await world.pass(10)
  t.is(await failed, 'kafka-unreachable')
  t.is(await codeOf(world.passing(produce(world, leader))), 'kafka-unreachable')
})

test('a broker behind a cut is not heard of until the time is up', async (t) => {
  const world = new World()
  world.topic('t')
  await world.leader('t')
  world.faults.refusing = new Set([1])
  const before = world.clock.now()
  t.is(await codeOf(world.passing(produce(world))), 'kafka-unreachable')
  t.is(world.clock.now() - before, 11_000)
  t.is(written(world), 0)
  world.faults.refusing = new Set()
  t.is(await codeOf(world.passing(produce(world))), null)
})

test('closing a channel fails what is under way at once, though it may be carried out', async (t) => {
  const world = new World()
  world.topic('t')
  await world.leader('t')
  const failed = codeOf(produce(world))
  await world.channel[Symbol.asyncDispose]()
  t.is(await failed, 'kafka-unreachable')
  t.is(await codeOf(produce(world)), 'kafka-unreachable')
})

test('a process that is stopped finds the answers when it goes on, those of earlier requests before its own time-outs', async (t) => {
  const world = new World()
  world.topic('t')
  await world.leader('t')
  const outcome = codeOf(produce(world))
  world.process.stop()
  world.clock.after(60_000, () => world.process.resume())
  t.is(await world.passing(outcome), null)
  t.true(world.clock.now() >= 60_000)
})
