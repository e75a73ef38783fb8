import { setTimeout as sleep } from 'node:timers/promises'
import { TopicFollower } from '../../runtime/dev/outputs.ts'
import { connectKafka } from '../../runtime/kafka/connect.ts'
import type { Broker } from '../infra/kafka/broker.ts'
import { job } from './settings.ts'

/** Prints results as they are committed, for so long. Returns how many there were. */
export async function showResults(broker: Broker, forMs: number, print: (line: string) => void): Promise<number> {
  let count = 0
  await using kafka = connectKafka({ brokers: [broker.address] }, { clientId: 'demo' })
  await using _follower = await TopicFollower.start(kafka, [job.output], ({ value }) => {
    if (count++ === 0) print(head)
    print(resultLine(value === null ? '{}' : String(value)))
  })
  await sleep(forMs)
  return count
}

/** A result as a line: window, customer, orders, total. */
export function resultLine(value: string): string {
  const { key, windowStart, windowEnd, orders, total } = JSON.parse(value) as Record<string, string | number>
  return columns(`${timeOf(windowStart)} - ${timeOf(windowEnd)}`, String(key), String(orders), String(total))
}

const columns = (window: string, customer: string, orders: string, total: string): string =>
  `        ${window.padEnd(19)}  ${customer.padEnd(10)}${orders.padStart(8)}${total.padStart(8)}`

const head = columns('window (UTC)', 'customer', 'orders', 'total')

const timeOf = (ms: string | number | undefined): string => new Date(Number(ms)).toISOString().slice(11, 19)
