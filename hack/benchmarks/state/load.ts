/**
 * Changes keys that there are, at a steady pace, until it is told to stop; a process of its own.
 *
 *   node load.ts BROKERS TOPIC KEYS KEY_BYTES RECORDS_PER_SECOND
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { connectKafka } from '../../../runtime/kafka/connect.ts'
import { silent } from '../../../runtime/kafka/log.ts'
import { producerOver } from '../input/preload.ts'
import { appendAmount, keyOf } from './input.ts'
import type { StateSize } from './schedule.ts'

const [brokers = '', topic = '', keys = '1', keyBytes = '13', rate = '1'] = process.argv.slice(2)
const size: StateSize = { keys: Number(keys), keyBytes: keyBytes === '36' ? 36 : 13 }
const tickMs = 10

let stopping = false
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => (stopping = true))

await using kafka = connectKafka({ brokers: brokers.split(',') }, { clientId: 'load', log: silent })
await using producer = producerOver(kafka)
const started = performance.now()
let sent = 0
while (!stopping) {
  const due = Math.floor(((performance.now() - started) * Number(rate)) / 1_000)
  for (; sent < due; sent++) appendAmount(producer, topic, keyOf(size, Math.floor(Math.random() * size.keys)))
  await producer.flush()
  await sleep(tickMs)
}
