/** What happens to a producer whose transactional id somebody else has taken over. */
import { errorName } from '../client/errors.ts'
import type { KafkaUnderTest } from '../client/kafka.ts'
import type { Behaviour } from '../suite.ts'

export function fencingCases(behaviour: Behaviour): void {
  behaviour('who takes over a transactional id keeps its producer id, with the next epoch', async (t, kafka) => {
    const old = await kafka.producer()
    const heir = await kafka.producer({ transactionalId: old.transactional.transactionalId })
    t.deepEqual(heir.identity, { ...old.identity, epoch: 1 })
    t.deepEqual(old.identity.epoch, 0)
  })

  behaviour('who takes over aborts what is open, which takes an epoch of its own: he is told CONCURRENT_TRANSACTIONS first', async (t, kafka) => {
    const topic = await kafka.topic()
    const old = await kafka.producer()
    await old.addAndWrite(topic, ['of the old one'])
    const { transactionalId } = old.transactional
    const first = await kafka.channel.initProducerId(old.node, { transactionalId, transactionTimeoutMs: 60_000 })
    t.is(errorName(first.error), 'CONCURRENT_TRANSACTIONS')
    const heir = await kafka.producer({ transactionalId })
    t.is(heir.identity.epoch, 2)
    t.is(await topic.settled(), 2)
    t.deepEqual(await topic.batches(), ['of the old one', 'abort'])
  })

  behaviour('who takes over gives up the offsets that are pending, and keeps those that were committed', async (t, kafka) => {
    const topic = await kafka.topic()
    const group = await kafka.group()
    const old = await kafka.producer()
    await old.addAndCommitOffset(group.nobody, topic.at(0), 5, 'five')
    await old.end('commit')
    t.is(await group.stableCommitted(topic.at(0)), '5 five')
    await old.addAndCommitOffset(group.nobody, topic.at(0), 9, 'nine')
    await kafka.producer({ transactionalId: old.transactional.transactionalId })
    t.is(await group.stableCommitted(topic.at(0)), '5 five')
  })

  behaviour(
    'the old producer with an open transaction is refused on each request: PRODUCER_FENCED by AddPartitions, else INVALID_PRODUCER_EPOCH',
    async (t, kafka) => {
      const { topic, group, old } = await takenOver(kafka, true)
      t.is((await old.write(topic, ['more'])).error, 'INVALID_PRODUCER_EPOCH')
      t.is(await old.add(topic.at(0)), 'PRODUCER_FENCED')
      t.is(await old.add(topic.at(1)), 'PRODUCER_FENCED')
      t.is(await old.addOffsets(group.groupId), 'INVALID_PRODUCER_EPOCH')
      t.is(await old.commitOffset(group.nobody, topic.at(0), 1), 'INVALID_PRODUCER_EPOCH')
      t.is(await old.end('commit'), 'INVALID_PRODUCER_EPOCH')
      t.is(await old.end('abort'), 'INVALID_PRODUCER_EPOCH')
      t.is(await topic.end(), 2)
      t.is(await group.stableCommitted(topic.at(0)), '-1')
    },
  )

  behaviour('the old producer with nothing open is refused the same way', async (t, kafka) => {
    const { topic, group, old } = await takenOver(kafka, false)
    t.is((await old.write(topic, ['more'])).error, 'INVALID_PRODUCER_EPOCH')
    t.is(await old.add(topic.at(0)), 'PRODUCER_FENCED')
    t.is(await old.addOffsets(group.groupId), 'INVALID_PRODUCER_EPOCH')
    t.is(await old.commitOffset(group.nobody, topic.at(0), 1), 'INVALID_PRODUCER_EPOCH')
    t.is(await old.end('commit'), 'INVALID_PRODUCER_EPOCH')
    t.is(await topic.end(), 0)
  })

  behaviour('the old producer cannot touch the transaction of the new one', async (t, kafka) => {
    const { topic, group, old, heir } = await takenOver(kafka, true)
    await heir.add(topic.at(0))
    await heir.addOffsets(group.groupId)
    t.is((await old.write(topic, ['of a zombie'])).error, 'INVALID_PRODUCER_EPOCH')
    t.is(await old.commitOffset(group.nobody, topic.at(0), 66), 'INVALID_PRODUCER_EPOCH')
    t.is((await heir.write(topic, ['of the heir'])).error, 'NONE')
    t.is(await heir.commitOffset(group.nobody, topic.at(0), 7), 'NONE')
    t.is((await old.write(topic, ['of a zombie'])).error, 'INVALID_PRODUCER_EPOCH')
    t.is(await old.end('abort'), 'INVALID_PRODUCER_EPOCH')
    t.is(await heir.end('commit'), 'NONE')
    await topic.settled()
    t.deepEqual(await topic.values(), ['of the heir'])
    t.is(await group.stableCommitted(topic.at(0)), '7')
  })

  behaviour('a batch of the old producer that is repeated is refused, although it is stored', async (t, kafka) => {
    const { topic, old } = await takenOver(kafka, true)
    t.is((await old.write(topic, ['of the old one'], { sequence: 0 })).error, 'INVALID_PRODUCER_EPOCH')
  })

  behaviour('what the old producer tries to write does not hold up the batches of the new one', async (t, kafka) => {
    const { topic, old, heir } = await takenOver(kafka, false)
    await heir.addAndWrite(topic, ['a'])
    t.is((await old.write(topic, ['of a zombie'])).error, 'INVALID_PRODUCER_EPOCH')
    t.is((await heir.write(topic, ['b'])).error, 'NONE')
    await heir.end('commit')
    await topic.settled()
    t.deepEqual(await topic.values(), ['a', 'b'])
  })

  behaviour('an epoch that was never given out is refused as an old one is', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.producer()
    const ahead = { ...producer.transactional, epoch: 5 }
    const [added] = await kafka.channel.addPartitionsToTxn(producer.node, { ...ahead, partitions: [topic.at(0)] })
    t.is(errorName(added!.error), 'PRODUCER_FENCED')
    t.is(errorName((await kafka.channel.endTxn(producer.node, { ...ahead, commit: true })).error), 'INVALID_PRODUCER_EPOCH')
    t.is((await producer.write(topic, ['x'], { epoch: 5 })).error, 'INVALID_PRODUCER_EPOCH')
  })

  behaviour('the new producer begins its sequences at 0', async (t, kafka) => {
    const { topic, heir } = await takenOver(kafka, true)
    await heir.add(topic.at(0))
    t.is((await heir.write(topic, ['x'], { sequence: 1 })).error, 'OUT_OF_ORDER_SEQUENCE_NUMBER')
    t.is((await heir.write(topic, ['x'], { sequence: 0 })).error, 'NONE')
  })

  behaviour('of several who take over at the same time each gets an epoch of its own, and only the last one is valid', async (t, kafka) => {
    const topic = await kafka.topic()
    const old = await kafka.producer()
    const { transactionalId } = old.transactional
    await old.addAndWrite(topic, ['of the old one'])
    const heirs = await Promise.all([1, 2, 3].map(() => kafka.producer({ transactionalId })))
    const [first, second, last] = heirs.toSorted((a, b) => a.identity.epoch - b.identity.epoch)
    t.true(first!.identity.epoch < second!.identity.epoch && second!.identity.epoch < last!.identity.epoch)
    for (const fenced of [old, first!, second!]) t.is(await fenced.add(topic.at(0)), 'PRODUCER_FENCED')
    t.is(await last!.addAndWrite(topic, ['of the last one']), 'NONE')
    t.is(await last!.end('commit'), 'NONE')
    await topic.settled()
    t.deepEqual(await topic.values(), ['of the last one'])
  })

  behaviour('a transaction whose end was decided is not undone by who takes over', async (t, kafka) => {
    const topic = await kafka.topic({ partitions: 3 })
    const group = await kafka.group()
    const old = await kafka.producer()
    for (const partition of [0, 1, 2]) await old.addAndWrite(topic, [`in ${partition}`], { partition })
    await old.addAndCommitOffset(group.nobody, topic.at(0), 3)
    t.is(await old.end('commit'), 'NONE')
    const heir = await kafka.producer({ transactionalId: old.transactional.transactionalId })
    t.is(heir.identity.epoch, 1)
    for (const partition of [0, 1, 2]) t.deepEqual(await topic.values(partition), [`in ${partition}`])
    t.is(await group.stableCommitted(topic.at(0)), '3')
  })
}

/** An old producer, with a record in an open transaction or with nothing, and the heir of its transactional id. */
async function takenOver(kafka: KafkaUnderTest, open: boolean) {
  const topic = await kafka.topic({ partitions: 2 })
  const group = await kafka.group()
  const old = await kafka.producer()
  if (open) {
    await old.addAndWrite(topic, ['of the old one'])
    await old.addAndCommitOffset(group.nobody, topic.at(0), 13)
  }
  const heir = await kafka.producer({ transactionalId: old.transactional.transactionalId })
  await topic.settled()
  return { topic, group, old, heir }
}
