/** What a transaction needs before it is written to, and which of its batches count. */
import { errorName } from '../client/errors.ts'
import type { Behaviour } from '../suite.ts'

export function transactionsCases(behaviour: Behaviour): void {
  behaviour('a commit makes the records of all partitions visible, each followed by a marker', async (t, kafka) => {
    const topic = await kafka.topic({ partitions: 2 })
    const producer = await kafka.producer()
    t.is(await producer.add(topic.at(0), topic.at(1)), 'NONE,NONE')
    for (const partition of [0, 1]) t.is((await producer.write(topic, [`in ${partition}`], { partition })).error, 'NONE')
    t.deepEqual(await topic.values(0), [])
    t.is(await producer.end('commit'), 'NONE')
    for (const partition of [0, 1]) {
      t.is(await topic.settled(partition), 2)
      t.deepEqual(await topic.batches(partition), [`in ${partition}`, 'commit'])
    }
  })

  behaviour('an abort leaves records that no reader sees, and the producer goes on', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.producer()
    t.is(await producer.addAndWrite(topic, ['lost']), 'NONE')
    t.is(await producer.end('abort'), 'NONE')
    t.is(await producer.addAndWrite(topic, ['kept']), 'NONE')
    t.is(await producer.end('commit'), 'NONE')
    await topic.settled()
    t.deepEqual(await topic.batches(), ['lost', 'abort', 'kept', 'commit'])
    t.deepEqual(await topic.values(), ['kept'])
  })

  behaviour('a partition that was added and not written to gets a marker too', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.producer()
    await producer.add(topic.at(0))
    t.is(await producer.end('commit'), 'NONE')
    await kafka.until('the marker is there', async () => (await topic.end()) === 1)
    t.deepEqual(await topic.batches(), ['commit'])
  })

  behaviour('a batch for a partition that was not added is refused with INVALID_TXN_STATE', async (t, kafka) => {
    const topic = await kafka.topic({ partitions: 2 })
    const producer = await kafka.producer()
    t.is((await producer.write(topic, ['x'])).error, 'INVALID_TXN_STATE')
    await producer.add(topic.at(0))
    t.is((await producer.write(topic, ['x'], { partition: 1 })).error, 'INVALID_TXN_STATE')
    t.is((await producer.write(topic, ['x'])).error, 'NONE')
    t.is(await topic.end(1), 0)
  })

  behaviour('a partition is added to one transaction only: in the next one it has to be added again', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.producer()
    await producer.addAndWrite(topic, ['a'])
    t.is(await producer.finish('commit'), 'NONE')
    t.is((await producer.write(topic, ['b'])).error, 'INVALID_TXN_STATE')
    t.is(await producer.addAndWrite(topic, ['b']), 'NONE')
  })

  behaviour('a batch that is repeated in its transaction is stored once; after the end it is refused with INVALID_TXN_STATE', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.producer()
    await producer.addAndWrite(topic, ['a'])
    t.like(await producer.write(topic, ['a'], { sequence: 0 }), { error: 'NONE', baseOffset: 0 })
    t.is(await producer.finish('commit'), 'NONE')
    t.is(await topic.end(), 2)
    t.is((await producer.write(topic, ['a'], { sequence: 0 })).error, 'INVALID_TXN_STATE')
    t.is(await topic.end(), 2)
  })

  behaviour('sequences go on from one transaction to the next, also over an abort', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.producer()
    await producer.addAndWrite(topic, ['a', 'b'])
    await producer.end('abort')
    await producer.add(topic.at(0))
    t.is((await producer.write(topic, ['c'], { sequence: 3 })).error, 'OUT_OF_ORDER_SEQUENCE_NUMBER')
    t.is((await producer.write(topic, ['c'], { sequence: 2 })).error, 'NONE')
  })

  behaviour('a batch from an earlier transaction that is repeated in a later one counts as stored', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.producer()
    await producer.addAndWrite(topic, ['a'])
    await producer.end('abort')
    await producer.add(topic.at(0))
    t.like(await producer.write(topic, ['a'], { sequence: 0 }), { error: 'NONE', baseOffset: 0 })
    await producer.end('commit')
    await topic.settled()
    t.deepEqual(await topic.values(), [])
  })

  behaviour('a sequence that was refused before its transaction has to come first in it: what follows it is refused till then', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.producer()
    t.is((await producer.write(topic, ['a'], { sequence: 0 })).error, 'INVALID_TXN_STATE')
    await producer.add(topic.at(0))
    t.is((await producer.write(topic, ['b'], { sequence: 1 })).error, 'OUT_OF_ORDER_SEQUENCE_NUMBER')
    t.is((await producer.write(topic, ['a'], { sequence: 0 })).error, 'NONE')
    t.is((await producer.write(topic, ['b'], { sequence: 1 })).error, 'NONE')
  })

  behaviour('a transaction that begins with a repeated batch takes no other in that partition', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.producer()
    await producer.addAndWrite(topic, ['a'])
    await producer.end('commit')
    await producer.add(topic.at(0))
    t.like(await producer.write(topic, ['a'], { sequence: 0 }), { error: 'NONE', baseOffset: 0 })
    t.is((await producer.write(topic, ['b'], { sequence: 1 })).error, 'OUT_OF_ORDER_SEQUENCE_NUMBER')
    await producer.end('commit')
    t.is(await producer.addAndWrite(topic, ['b'], { sequence: 1 }), 'NONE')
  })

  behaviour('partitions may be added again, and while others are written to', async (t, kafka) => {
    const topic = await kafka.topic({ partitions: 2 })
    const producer = await kafka.producer()
    t.is(await producer.add(topic.at(0)), 'NONE')
    t.is(await producer.add(topic.at(0)), 'NONE')
    await producer.write(topic, ['a'])
    t.is(await producer.add(topic.at(0), topic.at(1)), 'NONE,NONE')
  })

  behaviour('partitions are added all or none: beside a missing one the others are answered with OPERATION_NOT_ATTEMPTED', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.producer()
    const partitions = [topic.at(0), topic.at(5)]
    const answer = await kafka.channel.addPartitionsToTxn(producer.node, { ...producer.transactional, partitions })
    t.deepEqual(Object.fromEntries(answer.map(({ partition, error }) => [partition, errorName(error)])), {
      0: 'OPERATION_NOT_ATTEMPTED',
      5: 'UNKNOWN_TOPIC_OR_PARTITION',
    })
    t.is((await producer.write(topic, ['x'])).error, 'INVALID_TXN_STATE')
  })

  behaviour('who asks with an id that is not the one of the transactional id is refused with INVALID_PRODUCER_ID_MAPPING', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.producer()
    const strangers = [
      { ...producer.transactional, producerId: producer.identity.producerId + 1_000_000 },
      { ...producer.transactional, transactionalId: kafka.uniqueName('nobody') },
    ]
    for (const stranger of strangers) {
      const [added] = await kafka.channel.addPartitionsToTxn(producer.node, { ...stranger, partitions: [topic.at(0)] })
      t.is(errorName(added!.error), 'INVALID_PRODUCER_ID_MAPPING')
      t.is(errorName((await kafka.channel.endTxn(producer.node, { ...stranger, commit: true })).error), 'INVALID_PRODUCER_ID_MAPPING')
      const offsets = { ...stranger, groupId: kafka.uniqueName('group') }
      t.is(errorName((await kafka.channel.addOffsetsToTxn(producer.node, offsets)).error), 'INVALID_PRODUCER_ID_MAPPING')
    }
  })

  behaviour('a transaction time-out beyond what brokers allow is refused with INVALID_TRANSACTION_TIMEOUT', async (t, kafka) => {
    const transactionalId = kafka.uniqueName('txn')
    const node = await kafka.coordinator('transaction', transactionalId)
    for (const transactionTimeoutMs of [0, 900_001]) {
      const { error } = await kafka.channel.initProducerId(node, { transactionalId, transactionTimeoutMs })
      t.is(errorName(error), 'INVALID_TRANSACTION_TIMEOUT')
    }
  })
}
