/** What readers see while transactions are open, and how aborted records are told from committed ones. */
import { seededRandom } from '../../../../runtime/testing/time/random.ts'
import { batchesIn } from '../client/batches.ts'
import type { KafkaUnderTest } from '../client/kafka.ts'
import type { RawProducer } from '../client/producer.ts'
import type { RawTopic } from '../client/topic.ts'
import type { Behaviour } from '../suite.ts'

export function isolationCases(behaviour: Behaviour): void {
  behaviour('readers get nothing from the first record of an open transaction on, whoever wrote it', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.producer()
    await topic.write(['before'])
    await producer.addAndWrite(topic, ['open'])
    await topic.write(['after'])
    const answer = await topic.fetch()
    t.like(answer, { lastStableOffset: 1, highWatermark: 3 })
    t.deepEqual(await topic.batches(), ['before'])
    t.is((await topic.fetch({ offset: 1 })).records.length, 0)
    t.like(await topic.fetch({ offset: 2 }), { error: 'NONE', lastStableOffset: 1, highWatermark: 3 })
    await producer.end('commit')
    t.is(await topic.settled(), 4)
    t.deepEqual(await topic.values(), ['before', 'open', 'after'])
  })

  behaviour('a transaction that was only added holds nothing back', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.producer()
    await producer.add(topic.at(0))
    await topic.write(['a'])
    t.deepEqual(await topic.stable(), [1, 1])
  })

  behaviour('the last stable offset is the first one of all open transactions, and moves on as they end', async (t, kafka) => {
    const topic = await kafka.topic()
    const [a, b, c] = [await kafka.producer(), await kafka.producer(), await kafka.producer()]
    for (const [i, producer] of [a, b, c].entries()) await producer.addAndWrite(topic, [`${i}`])
    t.deepEqual(await topic.stable(), [0, 3])
    await end(kafka, topic, b, 'commit')
    t.deepEqual(await topic.stable(), [0, 4])
    await end(kafka, topic, a, 'abort')
    t.deepEqual(await topic.stable(), [2, 5])
    t.deepEqual(await topic.values(), ['1'])
    await end(kafka, topic, c, 'commit')
    t.deepEqual(await topic.stable(), [6, 6])
    t.deepEqual(await topic.values(), ['1', '2'])
  })

  behaviour('an answer names the aborted transactions that reach into it, each with its first offset', async (t, kafka) => {
    const { topic, a, b } = await interleaved(kafka)
    t.deepEqual(await topic.batches(), ['a0', 'b0', 'a1', 'abort', 'b1', 'plain', 'abort', 'end'])
    const [ofA, ofB] = [
      { producerId: a.identity.producerId, firstOffset: 0 },
      { producerId: b.identity.producerId, firstOffset: 1 },
    ]
    for (const [offset, expected] of [
      [0, [ofA, ofB]],
      [2, [ofA, ofB]],
      [3, [ofA, ofB]],
      [4, [ofB]],
      [6, [ofB]],
      [7, []],
    ] as const) {
      t.deepEqual((await topic.fetch({ offset })).aborted, expected, `from offset ${offset}`)
    }
  })

  behaviour('an answer that is cut names what reaches into it, and perhaps aborted transactions behind the cut', async (t, kafka) => {
    const { topic, a, b } = await interleaved(kafka)
    const { records, aborted } = await topic.fetch({ maxBytes: 1 })
    t.deepEqual(
      batchesIn(records).map(({ baseOffset }) => baseOffset),
      [0],
    )
    const [ofA, ofB] = [
      { producerId: a.identity.producerId, firstOffset: 0 },
      { producerId: b.identity.producerId, firstOffset: 1 },
    ]
    t.deepEqual(aborted[0], ofA)
    t.deepEqual(
      aborted.slice(1).filter(({ producerId }) => producerId !== ofB.producerId),
      [],
    )
  })

  behaviour('committed transactions are not named', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.producer()
    await producer.addAndWrite(topic, ['a'])
    await end(kafka, topic, producer, 'commit')
    t.deepEqual((await topic.fetch()).aborted, [])
  })

  behaviour('several aborted transactions of one producer are named one by one', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.producer()
    for (const outcome of ['abort', 'commit', 'abort'] as const) {
      await producer.addAndWrite(topic, [outcome])
      await end(kafka, topic, producer, outcome)
    }
    const { producerId } = producer.identity
    t.deepEqual((await topic.fetch()).aborted, [
      { producerId, firstOffset: 0 },
      { producerId, firstOffset: 4 },
    ])
    t.deepEqual(await topic.values(), ['commit'])
  })

  behaviour('a marker is a batch of one record under its producer, with an offset of its own', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.producer()
    await producer.addAndWrite(topic, ['a'])
    await end(kafka, topic, producer, 'commit')
    const marker = batchesIn((await topic.fetch({ offset: 1 })).records)[0]!
    t.like(marker, { baseOffset: 1, lastOffset: 1, count: 1, attributes: 0x30, producerId: producer.identity.producerId })
  })

  behaviour(
    'whatever the size of the fetches, interleaved transactions are read the same: what was committed, in the order of the log',
    async (t, kafka) => {
      const topic = await kafka.topic()
      const committed = await interleaveAtRandom(kafka, topic)
      t.true(committed.size > 20)
      const all = await topic.committed()
      t.deepEqual(all.map(({ value }) => `${value}`).toSorted(), [...committed].toSorted())
      const offsets = all.map(({ offset }) => offset)
      t.deepEqual(
        offsets,
        offsets.toSorted((x, y) => x - y),
      )
      for (const maxBytes of [2_000, 300, 1]) t.deepEqual(await topic.committed({ maxBytes }), all, `in fetches of ${maxBytes} bytes`)
    },
  )
}

/**
 * Two aborted transactions and what is around them:
 *
 *     offset  0   1   2   3        4   5      6        7
 *             a0  b0  a1  abort a  b1  plain  abort b  end
 */
async function interleaved(kafka: KafkaUnderTest): Promise<{ readonly topic: RawTopic; readonly a: RawProducer; readonly b: RawProducer }> {
  const topic = await kafka.topic()
  const [a, b] = [await kafka.producer(), await kafka.producer()]
  await a.addAndWrite(topic, ['a0'])
  await b.addAndWrite(topic, ['b0'])
  await a.write(topic, ['a1'])
  await end(kafka, topic, a, 'abort')
  await b.write(topic, ['b1'])
  await topic.write(['plain'])
  await end(kafka, topic, b, 'abort')
  await topic.write(['end'])
  return { topic, a, b }
}

/** Three producers and one without transactions write in an order that a seed gives; half of the transactions are aborted. Answers what was committed. */
async function interleaveAtRandom(kafka: KafkaUnderTest, topic: RawTopic): Promise<ReadonlySet<string>> {
  const random = seededRandom(20_260)
  const committed = new Set<string>()
  const writers = await Promise.all(Array.from({ length: 3 }, async () => ({ producer: await kafka.producer(), open: [] as string[] })))
  const finish = async ({ producer, open }: (typeof writers)[number]): Promise<void> => {
    if (open.length === 0) return
    const outcome = random.chance(0.5) ? 'commit' : 'abort'
    await end(kafka, topic, producer, outcome)
    if (outcome === 'commit') for (const value of open) committed.add(value)
    open.length = 0
  }
  for (let step = 0; step < 150; step++) {
    const writer = random.pick(writers)
    const values = Array.from({ length: 1 + random.below(3) }, (_, i) => `${step}.${i} ${'x'.repeat(random.below(120))}`)
    const kind = random.next()
    if (kind < 0.1) {
      await topic.write(values)
      for (const value of values) committed.add(value)
    } else if (kind < 0.3) await finish(writer)
    else {
      if (writer.open.length === 0) await writer.producer.add(topic.at(0))
      await writer.producer.write(topic, values)
      writer.open.push(...values)
    }
  }
  for (const writer of writers) await finish(writer)
  return committed
}

/** Ends a transaction that has written to the topic, and waits until its marker is there. */
async function end(kafka: KafkaUnderTest, topic: RawTopic, producer: RawProducer, outcome: 'commit' | 'abort'): Promise<void> {
  const before = await topic.end()
  const answer = await producer.end(outcome)
  if (answer !== 'NONE') throw new Error(`EndTxn: ${answer}`)
  await kafka.until('the marker is there', async () => (await topic.end()) > before)
}
