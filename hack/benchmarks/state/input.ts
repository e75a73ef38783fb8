/** Records of amounts by key, all within one window of a day. */
import { partitionFor } from '../../../runtime/formats/key.ts'
import type { IdempotentProducer } from '../../../runtime/kafka/produce/idempotent.ts'
import type { StateSize } from './schedule.ts'

export const partitions = 4

const dayMs = 86_400_000
/** The beginning of a day. */
const windowStart = 20_416 * dayMs

/** The i-th key. */
export function keyOf({ keyBytes }: StateSize, i: number): string {
  return keyBytes === 13 ? `user-${String(i).padStart(8, '0')}` : `3f0c2a44-6a57-4d52-9d3c-${String(i).padStart(12, '0')}`
}

/** Every key once, in an order that has nothing to do with theirs. */
export function* everyKey(size: StateSize): Generator<string> {
  // A prime, and so without a divisor in common with any number of keys that is not its multiple.
  for (let i = 0; i < size.keys; i++) yield keyOf(size, (i * 7_368_787) % size.keys)
}

export function appendAmount(producer: IdempotentProducer, topic: string, key: string): void {
  append(producer, topic, key, windowStart)
}

/** A record for each partition behind whose time the window is over. */
export function appendEnds(producer: IdempotentProducer, topic: string): void {
  const left = new Set(Array.from({ length: partitions }, (_, partition) => partition))
  for (let i = 0; left.size > 0; i++) {
    const key = `end-${i}`
    if (left.delete(partitionOf(Buffer.from(key)))) append(producer, topic, key, windowStart + 3 * dayMs)
  }
}

export function stepsOf(input: string, output: string): readonly object[] {
  return [
    {
      from: { topic: input, key: 'id', format: 'json', schema: { id: 'string', amount: 'integer', at: 'timestamp' } },
      eventTime: { field: 'at', outOfOrderness: '2s' },
    },
    { keyBy: 'id' },
    { window: { tumbling: '1d' } },
    { aggregate: { name: 'totals', fields: { count: { count: {} }, sum: { sum: 'amount' } } } },
    { to: { topic: output, format: 'json' } },
  ]
}

function append(producer: IdempotentProducer, topic: string, id: string, at: number): void {
  const key = Buffer.from(id)
  const value = Buffer.from(`{"id":"${id}","amount":3,"at":${at}}`)
  producer.append(topic, partitionOf(key), key, 0, key.length, value, 0, value.length, at, [])
}

const partitionOf = (key: Buffer): number => partitionFor(key, 0, key.length, partitions)
