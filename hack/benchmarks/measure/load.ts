/**
 * Load of an open loop, in a process of its own: bids at a steady pace whatever becomes of them, until it is told to stop. Each bears as its time when it was
 * due, so that time it had to wait for us counts too.
 *
 *   node load.ts BROKERS TOPIC PARTITIONS RECORDS_PER_SECOND
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { connectKafka } from '../../../runtime/kafka/connect.ts'
import { silent } from '../../../runtime/kafka/log.ts'
import { bidsAt } from '../input/bids.ts'
import { partitionOf, producerOver } from '../input/preload.ts'

const [brokers = '', topic = '', partitionCount = '1', rate = '1'] = process.argv.slice(2)
const [partitions, perSecond] = [Number(partitionCount), Number(rate)]
const tickMs = 5

let stopping = false
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => (stopping = true))

await using kafka = connectKafka({ brokers: brokers.split(',') }, { clientId: 'load', log: silent })
await using producer = producerOver(kafka)
const started = Date.now()
let sent = 0
const bids = bidsAt(10_000, 7, () => started + Math.floor((sent * 1_000) / perSecond))
while (!stopping) {
  const due = Math.floor(((Date.now() - started) * perSecond) / 1_000)
  for (; sent < due; sent++) {
    const bid = bids.next().value!
    const key = Buffer.from(String(bid.auction))
    const value = Buffer.from(JSON.stringify(bid))
    producer.append(topic, partitionOf(bid.auction, partitions), key, 0, key.length, value, 0, value.length, bid.dateTime, [])
  }
  await producer.flush()
  await sleep(tickMs)
}
