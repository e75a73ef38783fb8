/**
 * The input of the end-to-end tests: a process that sends orders at a steady pace until it is told to stop. Events are out of order, a few are late, have no
 * key, a wrong one, or are no JSON at all. It runs on kafkajs' own producer and may repeat or lose records: the oracle goes by what is in the topic.
 *
 *   node orders.ts BROKER TOPIC RECORDS_PER_SECOND SEED
 */
import { Kafka, Partitioners, logLevel } from 'kafkajs'
import type { Message } from 'kafkajs'

const [, , broker = '', topic = '', rate = '1000', seed = '1'] = process.argv
const tickMs = 20
const perTick = (Number(rate) * tickMs) / 1_000
const random = randomOf(Number(seed))

const kafka = new Kafka({
  brokers: [broker],
  clientId: 'orders',
  logLevel: logLevel.NOTHING,
  retry: { retries: 1_000, initialRetryTime: 50, maxRetryTime: 500 },
})
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
await producer.connect()

let stopping = false
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => (stopping = true))

let due = 0
let sent = 0
const started = performance.now()
while (!stopping) {
  due = ((performance.now() - started) / tickMs) * perTick
  const count = Math.min(Math.floor(due - sent), perTick * 50)
  if (count > 0) {
    await producer.send({ topic, acks: -1, messages: Array.from({ length: count }, order) })
    sent += count
  }
  await new Promise((resolve) => setTimeout(resolve, tickMs))
}
await producer.disconnect()
process.stdout.write(`${JSON.stringify({ sent, seconds: (performance.now() - started) / 1_000 })}\n`)

function order(): Message {
  const customer = `customer-${Math.floor(random() * 200)}`
  const odd = random()
  const delay = odd < 0.002 ? 10_000 : random() * 400
  const at = Math.floor(Date.now() - delay)
  const timestamp = String(at)
  const value = JSON.stringify({ id: sent, customer, amount: Math.floor(random() * 1_000), at, note: 'ünïcode "quoted" \\ text' })
  if (odd > 0.9995) return { key: customer, value: value.slice(0, -7), timestamp }
  if (odd > 0.999) return { key: null, value, timestamp }
  if (odd > 0.9985) return { key: `not-${customer}`, value, timestamp }
  return { key: customer, value, timestamp }
}

/** Mulberry32. */
function randomOf(start: number): () => number {
  let state = start >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
