/** How the sequence numbers of a producer make each batch count once. */
import type { Behaviour } from '../suite.ts'

const lastSequence = 2 ** 31 - 1

export function idempotenceCases(behaviour: Behaviour): void {
  behaviour('each idempotent producer gets an id of its own, with epoch 0', async (t, kafka) => {
    const [a, b] = [await kafka.idempotentProducer(), await kafka.idempotentProducer()]
    t.not(a.identity.producerId, b.identity.producerId)
    t.deepEqual([a.identity.epoch, b.identity.epoch], [0, 0])
  })

  behaviour('a repeated batch is stored once, and answered as it was the first time', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.idempotentProducer()
    await topic.write(['before'])
    t.like(await producer.write(topic, ['a', 'b'], { sequence: 0 }), { error: 'NONE', baseOffset: 1 })
    await topic.write(['between'])
    t.like(await producer.write(topic, ['a', 'b'], { sequence: 0 }), { error: 'NONE', baseOffset: 1 })
    t.is(await topic.end(), 4)
  })

  behaviour('any of the last five batches may be repeated, an older one is refused with OUT_OF_ORDER_SEQUENCE_NUMBER', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.idempotentProducer()
    for (let i = 0; i < 7; i++) await producer.write(topic, [`${i}`])
    for (let sequence = 2; sequence < 7; sequence++) {
      t.like(await producer.write(topic, [`${sequence}`], { sequence }), { error: 'NONE', baseOffset: sequence })
    }
    t.is((await producer.write(topic, ['1'], { sequence: 1 })).error, 'OUT_OF_ORDER_SEQUENCE_NUMBER')
    t.is(await topic.end(), 7)
  })

  behaviour('a gap in the sequence is refused with OUT_OF_ORDER_SEQUENCE_NUMBER, and the right batch is accepted after it', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.idempotentProducer()
    await producer.write(topic, ['a'])
    t.is((await producer.write(topic, ['c'], { sequence: 2 })).error, 'OUT_OF_ORDER_SEQUENCE_NUMBER')
    t.like(await producer.write(topic, ['b'], { sequence: 1 }), { error: 'NONE', baseOffset: 1 })
  })

  behaviour('records that were batched otherwise the first time are no repeat', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.idempotentProducer()
    await producer.write(topic, ['a', 'b', 'c'])
    t.is((await producer.write(topic, ['b', 'c', 'd'], { sequence: 1 })).error, 'OUT_OF_ORDER_SEQUENCE_NUMBER')
    t.is((await producer.write(topic, ['a', 'b'], { sequence: 0 })).error, 'OUT_OF_ORDER_SEQUENCE_NUMBER')
    t.is(await topic.end(), 3)
  })

  behaviour('a partition that does not know the producer accepts any first sequence', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.idempotentProducer()
    t.is((await producer.write(topic, ['a'], { sequence: 41 })).error, 'NONE')
    t.is((await producer.write(topic, ['b'], { sequence: 42 })).error, 'NONE')
  })

  behaviour('each partition has its own sequence', async (t, kafka) => {
    const topic = await kafka.topic({ partitions: 2 })
    const producer = await kafka.idempotentProducer()
    for (let i = 0; i < 2; i++) {
      for (const partition of [0, 1]) t.is((await producer.write(topic, ['x'], { partition, sequence: i })).error, 'NONE')
    }
  })

  behaviour('behind the largest sequence comes 0', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.idempotentProducer()
    t.is((await producer.write(topic, ['a', 'b', 'c'], { sequence: lastSequence - 1 })).error, 'NONE')
    t.is((await producer.write(topic, ['d'], { sequence: 1 })).error, 'NONE')
    t.is(await topic.end(), 4)
  })

  behaviour('a newer epoch begins its sequence at 0, and fences the older one with INVALID_PRODUCER_EPOCH', async (t, kafka) => {
    const topic = await kafka.topic()
    const producer = await kafka.idempotentProducer()
    await producer.write(topic, ['a'], { sequence: 0 })
    t.is((await producer.write(topic, ['b'], { sequence: 1, epoch: 1 })).error, 'OUT_OF_ORDER_SEQUENCE_NUMBER')
    t.is((await producer.write(topic, ['b'], { sequence: 0, epoch: 1 })).error, 'NONE')
    t.is((await producer.write(topic, ['c'], { sequence: 1, epoch: 0 })).error, 'INVALID_PRODUCER_EPOCH')
    t.is((await producer.write(topic, ['a'], { sequence: 0, epoch: 0 })).error, 'INVALID_PRODUCER_EPOCH')
    t.is(await topic.end(), 2)
  })
}
