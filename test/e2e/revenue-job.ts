/** The StreamJob of the end-to-end tests: count and sum per customer in windows of a second. */
import { testSystem } from '../support/cluster.ts'
import type { WindowedCount } from './oracle.ts'

export interface RevenueJob {
  readonly name: string
  readonly applicationId: string
  readonly input: string
  readonly output: string
  readonly manifest: { readonly spec: { readonly kafka: object; readonly processing: object; readonly program: object } & object } & object
  /** What the oracle has to know of it. */
  readonly windowedCount: WindowedCount
}

export interface RevenueOptions {
  readonly namespace: string
  readonly name?: string
  readonly parallelism: number
  readonly commitInterval?: string
  /** Of a worker's container. */
  readonly resources?: object
}

export function revenueJob({ namespace, name = 'revenue', parallelism, commitInterval = '1s', resources }: RevenueOptions): RevenueJob {
  const input = `${namespace}-${name}-orders`
  const output = `${namespace}-${name}-results`
  const schema = { customer: 'string', amount: 'integer', at: 'timestamp' }
  const steps = [
    { from: { topic: input, key: 'customer', format: 'json', schema }, eventTime: { field: 'at', outOfOrderness: '500ms' } },
    { keyBy: 'customer' },
    { window: { tumbling: '1s', lateness: '200ms' } },
    { aggregate: { name: 'revenue', fields: { orders: { count: {} }, total: { sum: 'amount' } } } },
    { to: { topic: output, format: 'json' } },
  ]
  const manifest = {
    apiVersion: 'streamjob.dev/v1alpha1',
    kind: 'StreamJob',
    metadata: { name },
    spec: {
      kafka: { brokers: [testSystem.kafkaForPods()] },
      parallelism,
      processing: { commitInterval, transactionTimeout: '15s', sessionTimeout: '30s' },
      program: { steps },
      ...(resources && { pod: { resources } }),
    },
  }
  return {
    name,
    applicationId: `${namespace}.${name}`,
    input,
    output,
    manifest,
    windowedCount: { sizeMs: 1_000, outOfOrdernessMs: 500, latenessMs: 200 },
  }
}
