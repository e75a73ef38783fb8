/** How a transaction ends, and what a producer is told that ends it twice, otherwise, or too late. */
import { errorName } from '../client/errors.ts'
import type { Behaviour } from '../suite.ts'

export function transactionEndsCases(behaviour: Behaviour): void {
  behaviour('an end that is repeated after its success is a success, the opposite one INVALID_TXN_STATE', async (t, kafka) => {
    const topic = await kafka.topic()
    for (const [outcome, opposite] of [
      ['commit', 'abort'],
      ['abort', 'commit'],
    ] as const) {
      const producer = await kafka.producer()
      await producer.addAndWrite(topic, [outcome])
      t.is(await producer.end(outcome), 'NONE')
      await topic.settled()
      t.is(await producer.end(outcome), 'NONE')
      t.is(await producer.end(opposite), 'INVALID_TXN_STATE')
    }
    t.deepEqual(await topic.batches(), ['commit', 'commit', 'abort', 'abort'])
  })

  behaviour('a decision stands: from then on the opposite end is refused, also while markers are being written', async (t, kafka) => {
    const topic = await kafka.topic({ partitions: 3 })
    const producer = await kafka.producer()
    await producer.add(topic.at(0), topic.at(1), topic.at(2))
    await producer.write(topic, ['a'])
    t.is(await producer.end('commit'), 'NONE')
    for (let i = 0; i < 5; i++) {
      const { error } = await kafka.channel.endTxn(producer.node, { ...producer.transactional, commit: false })
      t.true(['INVALID_TXN_STATE', 'CONCURRENT_TRANSACTIONS'].includes(errorName(error)), errorName(error))
    }
    await topic.settled()
    t.is(await producer.end('abort'), 'INVALID_TXN_STATE')
    t.deepEqual(await topic.values(), ['a'])
  })

  behaviour('an end that comes late ends the transaction that is open then', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.producer()
    await producer.addAndWrite(topic, ['a'])
    await producer.end('commit')
    await producer.addAndWrite(topic, ['b'])
    t.is(await producer.finish('commit'), 'NONE', 'the repeat of the first one')
    await topic.settled()
    t.deepEqual(await topic.values(), ['a', 'b'])
    t.is((await producer.write(topic, ['c'])).error, 'INVALID_TXN_STATE')
  })

  behaviour('there is nothing to end before the first transaction: INVALID_TXN_STATE', async (t, kafka) => {
    const producer = await kafka.producer()
    t.is(await producer.end('commit'), 'INVALID_TXN_STATE')
    t.is(await producer.end('abort'), 'INVALID_TXN_STATE')
  })

  behaviour(
    'while markers are being written the next transaction is refused with CONCURRENT_TRANSACTIONS, and afterwards accepted',
    async (t, kafka) => {
      const topic = await kafka.topic({ partitions: 3 })
      const producer = await kafka.producer()
      const partitions = [0, 1, 2].map((partition) => topic.at(partition))
      for (let round = 0; round < 5; round++) {
        await producer.add(...partitions)
        await producer.end('commit')
        const answers: string[] = []
        await kafka.until('the next transaction begins', async () => {
          const answer = await kafka.channel.addPartitionsToTxn(producer.node, { ...producer.transactional, partitions })
          answers.push(errorName(answer[0]!.error))
          return answers.at(-1) === 'NONE'
        })
        t.true(
          answers.slice(0, -1).every((answer) => answer === 'CONCURRENT_TRANSACTIONS'),
          answers.join(),
        )
        await producer.end('abort')
      }
    },
  )
}
