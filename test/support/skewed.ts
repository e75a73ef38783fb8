/** A backlog of which one partition is behind in event time, and a job whose windows wait for it. */
import { shuffledSteps } from './shuffle-model.ts'
import type { TestRecord } from './orders.ts'

export const customers = 20

/** The steps of `shuffledSteps`, of which partitions may be apart by so much; null: by as much as they are. */
export function alignedSteps(maxDrift: string | null): typeof shuffledSteps {
  return (input, output) => {
    const [source, ...rest] = shuffledSteps(input, output, outOfOrdernessMs) as [{ eventTime: object }, ...object[]]
    return [{ ...source, eventTime: { ...source.eventTime, ...(maxDrift !== null && { maxDrift }) } }, ...rest]
  }
}

export const outOfOrdernessMs = 500

/** Of one partition: `perSecond` records of each customer in each of the seconds, in order. */
export function seconds(
  partition: number,
  from: number,
  { count, perSecond = 1 }: { readonly count: number; readonly perSecond?: number },
): TestRecord[] {
  return Array.from({ length: count * perSecond }, (_, i) => from + Math.floor((i * 1_000) / perSecond)).flatMap((timestamp) =>
    Array.from({ length: customers }, (__, customer) => {
      const value = JSON.stringify({ customer: `customer-${customer}`, amount: 1 + (timestamp % 97), at: timestamp })
      return { key: null, value, timestamp, partition }
    }),
  )
}
