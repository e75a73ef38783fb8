/** What the conformance suite cannot see from outside, and what it would have to wait for: markers on their way, coordinators that move. */
import test from 'ava'
import { batch, World } from './world.ts'

test('the markers of a decided transaction come later and one by one; until the last, nobody begins another under its id', async (t) => {
  const world = new World({ settings: { markerMs: [50, 100] } })
  world.topic('t', { partitions: 3 })
  const producer = await world.producer('p')
  for (const partition of [0, 1, 2]) {
    t.is(await world.add(producer, 't', partition), 0)
    await world.write('t', batch([{}], producer), { transactionalId: 'p', partition })
  }
  t.is(await world.end(producer, true), 0)
  t.is(world.cluster.transactions()[0]?.state, 'PrepareCommit')
  t.is(await world.add(producer, 't'), 51)
  const marked = (): number => [0, 1, 2].filter((partition) => world.cluster.partition('t', partition).lastStableOffset === 2).length
  const seen = new Set<number>()
  await world.clock.run(() => seen.add(marked()).has(3))
  t.deepEqual([...seen], [0, 1, 2, 3])
  t.is(world.cluster.transactions()[0]?.state, 'CompleteCommit')
  t.is(await world.add(producer, 't'), 0)
})

test('a coordinator that takes over sends the markers that its predecessor owed', async (t) => {
  const world = new World({ nodes: 2, settings: { markerMs: [50, 51], coordinatorLoadMs: [10, 11] } })
  world.topic('t')
  const producer = await world.producer('p')
  await world.add(producer, 't')
  await world.write('t', batch([{}], producer), { transactionalId: 'p' })
  const old = await world.coordinator('transaction', 'p')
  t.is((await world.passing(world.channel.endTxn(old, { ...producer, commit: true }))).error, 0)
  world.cluster.moveCoordinator('transaction', 'p')
  t.is((await world.passing(world.channel.endTxn(old, { ...producer, commit: true }))).error, 16)
  t.is(await world.end(producer, true), 14)
  await world.clock.run(() => world.cluster.transactions()[0]?.state === 'CompleteCommit')
  t.is(await world.end(producer, true), 0)
  await world.pass(1_000)
  // That of the old coordinator was on its way, and came first.
  t.deepEqual(
    world.cluster.partition('t', 0).batches.map(({ marker }) => marker),
    [null, 'commit', 'commit'],
  )
})

test('an end that comes late ends the next transaction of the same epoch', async (t) => {
  const world = new World()
  world.topic('t')
  const producer = await world.producer('p')
  await world.add(producer, 't')
  await world.write('t', batch([{}], producer), { transactionalId: 'p' })
  Object.assign(world.faults, { delayRequest: 1, delayMs: [100, 101] })
  await t.throwsAsync(world.passing(world.channel.endTxn(1, { ...producer, commit: true })))
  Object.assign(world.faults, { delayRequest: 0 })
  t.is(await world.end(producer, true), 0)
  await world.pass(10)
  t.is(await world.add(producer, 't'), 0)
  await world.clock.run(() => world.cluster.transactions()[0]?.state !== 'Ongoing')
  t.is(world.cluster.transactions()[0]?.state, 'PrepareCommit')
})

test('a transaction that is open for too long is aborted by the next scan, and its producer is fenced', async (t) => {
  const world = new World({ settings: { transactionScanMs: 10_000 } })
  world.topic('t')
  const producer = await world.producer('p', 15_000)
  await world.add(producer, 't')
  await world.write('t', batch([{}], producer), { transactionalId: 'p' })
  await world.pass(19_000)
  t.is(world.cluster.transactions()[0]?.state, 'Ongoing')
  await world.pass(2_000)
  t.like(world.cluster.transactions()[0], { state: 'CompleteAbort', epoch: 1 })
  t.is(await world.end(producer, true), 47)
  t.is((await world.write('t', batch([{}], { ...producer, sequence: 1 }), { transactionalId: 'p' })).error, 47)
})

test('a producer id whose epochs are used up is replaced', async (t) => {
  const world = new World({ latencyMs: [0, 0] })
  const first = await world.producer('p')
  const request = { transactionalId: 'p', transactionTimeoutMs: 1_000 }
  let last = first.epoch
  while (last < 32_766) last = (await world.passing(world.channel.initProducerId(1, request))).epoch
  const next = await world.producer('p')
  t.is(next.epoch, 0)
  t.not(next.producerId, first.producerId)
})

test('a transactional id that nobody used for a week is forgotten, and with it who may use it', async (t) => {
  const world = new World()
  world.topic('t')
  const [p, q] = [await world.producer('p'), await world.producer('q')]
  t.is(await world.add(q, 't'), 0)
  await world.pass(7 * 24 * 3_600_000 - 3_600_000)
  t.is(await world.add(p, 't'), 0)
  t.is(await world.end(p, true), 0)
  await world.pass(7 * 24 * 3_600_000 + 3_600_000)
  t.is(await world.add(p, 't'), 49)
  const { producerId, epoch } = await world.producer('p')
  t.true(producerId > q.producerId)
  t.is(epoch, 0)
})

test('a decision is told before any marker, with what was written and what will be committed', async (t) => {
  const world = new World()
  world.topic('t')
  const producer = await world.producer('p')
  await world.write('t', batch([{}]))
  await world.add(producer, 't')
  await world.write('t', batch([{}, {}], producer), { transactionalId: 'p' })
  await world.write('t', batch([{}]))
  await world.write('t', batch([{}], { ...producer, sequence: 2 }), { transactionalId: 'p' })
  await world.passing(world.channel.addOffsetsToTxn(1, { ...producer, groupId: 'g' }))
  const identity = { groupId: 'g', generation: -1, memberId: '', instanceId: null }
  const offsets = [{ topic: 't', partition: 0, offset: 7, metadata: 'seven' }]
  await world.passing(world.channel.txnOffsetCommit(1, { ...producer, ...identity, offsets }))
  const decided: unknown[] = []
  world.cluster.onDecided((decision) =>
    decided.push({ ...decision, markers: world.cluster.partition('t', 0).batches.filter(({ control }) => control).length }),
  )
  await world.end(producer, true)
  const { transactionalId: _, ...identityOfProducer } = producer
  t.deepEqual(decided, [
    {
      transactionalId: 'p',
      ...identityOfProducer,
      outcome: 'commit',
      records: [
        { topic: 't', partition: 0, firstOffset: 1, lastOffset: 2 },
        { topic: 't', partition: 0, firstOffset: 4, lastOffset: 4 },
      ],
      offsets: [{ groupId: 'g', topic: 't', partition: 0, offset: 7, metadata: 'seven' }],
      markers: 0,
    },
  ])
})
