/** The smallest StreamJob there is, as steps and as TypeScript: orders and turnover per customer and minute. With input that closes some of its windows. */
import type { Message } from 'kafkajs'
import { testSystem } from '../support/cluster.ts'
import type { WindowedCount } from './oracle.ts'

export interface SmallestJob {
  readonly applicationId: string
  readonly input: string
  readonly output: string
  readonly windowedCount: WindowedCount
  /** YAML. */
  readonly asSteps: string
  /** YAML, with the program inline. */
  readonly asTypeScript: string
  /** The same with other lines as the program. */
  readonly withProgram: (source: string) => string
}

/** A job called `revenue`. */
export function smallestJob(namespace: string): SmallestJob {
  const input = `${namespace}-orders`
  const output = `${namespace}-revenue-per-minute`
  const withProgram = (source: string): string => `${head(1)}  program:\n    inline: |\n${indented(source, 6)}`
  return {
    applicationId: `${namespace}.revenue`,
    input,
    output,
    windowedCount: { sizeMs: 60_000, outOfOrdernessMs: 10_000, latenessMs: 30_000 },
    asSteps: `${head(1)}  program:\n${steps(input, output)}`,
    asTypeScript: withProgram(typeScript(input, output)),
    withProgram,
  }
}

/** Orders of some minutes, from the `from`th of a sequence that never changes: a second of event time each, out of order by less than ten of them. */
export function ordersOfMinutes(from: number, count: number): readonly Message[] {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i
    const customer = `customer-${(n * 7) % 5}`
    const at = 1_700_000_000_000 + n * 1_000 - ((n * 13) % 9) * 1_000
    return { key: customer, value: JSON.stringify({ customer, amount: 1 + (n % 100), at }), timestamp: String(at) }
  })
}

function head(parallelism: number): string {
  return `apiVersion: streamjob.dev/v1alpha1
kind: StreamJob
metadata: { name: revenue }
spec:
  kafka: { brokers: ["${testSystem.kafkaForPods()}"] }
  parallelism: ${parallelism}
`
}

function steps(input: string, output: string): string {
  return `    steps:
      - from: { topic: ${input}, key: customer, format: json, schema: { customer: string, amount: number, at: timestamp } }
        eventTime: { field: at, outOfOrderness: 10s }
      - filter: "value.amount > 0.0"
      - keyBy: customer
      - window: { tumbling: 1m, lateness: 30s }
      - aggregate: { name: revenue, fields: { orders: { count: {} }, total: { sum: amount } } }
      - to: { topic: ${output}, format: json }
`
}

function typeScript(input: string, output: string): string {
  return `import { stream, kafka, tumbling, count, sum, t } from 'streamjob'
export default stream
  .from(kafka({ topic: '${input}', key: 'customer', schema: t.object({ customer: t.string, amount: t.number, at: t.timestamp }) }))
  .eventTime('at', { outOfOrderness: '10s' })
  .filter(order => order.amount > 0)
  .keyBy('customer')
  .window(tumbling('1m', { lateness: '30s' }))
  .aggregate('revenue', { orders: count(), total: sum('amount') })
  .to(kafka({ topic: '${output}' }))`
}

const indented = (text: string, by: number): string => `${text.replaceAll(/^/gm, ' '.repeat(by))}\n`
