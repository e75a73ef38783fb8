/**
 * The process that sends orders at a steady pace, until it is told to stop or its time is over. It uses kafkajs' own producer: nothing of ours.
 *
 *   node send-orders.ts BROKER TOPIC ORDERS_PER_SECOND SEED SECONDS
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, Partitioners, logLevel } from 'kafkajs'
import { orders } from './orders.ts'

const [broker = '', topic = '', ...numbers] = process.argv.slice(2)
const [perSecond = 1, seed = 1, seconds = 60] = numbers.map(Number)
const tickMs = 50

let stopping = false
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => (stopping = true))

const retry = { retries: 1_000, initialRetryTime: 50, maxRetryTime: 1_000 }
const producer = new Kafka({ brokers: [broker], clientId: 'orders', logLevel: logLevel.ERROR, retry }).producer({
  createPartitioner: Partitioners.DefaultPartitioner,
})
await producer.connect()

const source = orders(seed, Date.now)
const started = performance.now()
let sent = 0
while (!stopping && performance.now() - started < seconds * 1_000) {
  // After a pause of the broker the pace is caught up with in small steps.
  const due = Math.min(Math.floor(((performance.now() - started) / 1_000) * perSecond) - sent, perSecond)
  if (due > 0) {
    await producer.send({ topic, messages: Array.from({ length: due }, () => source.next().value) })
    sent += due
  }
  await sleep(tickMs)
}
await producer.disconnect()
