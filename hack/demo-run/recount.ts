/**
 * What must have come out of the demo's job, counted as plainly as possible and without any code of the runtime: from the orders that were read, partition by
 * partition in the order of their offsets.
 */
import { window } from './settings.ts'

/** An order as it lies in the topic. */
export interface InputRecord {
  readonly partition: number
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
}

/** What must have come out. */
export interface Recount {
  readonly orders: number
  /** `CUSTOMER START` -> `ORDERS for TOTAL`, of every window that is closed. */
  readonly results: ReadonlyMap<string, string>
  /** `PARTITION:OFFSET` of orders that came after their window was closed. */
  readonly late: readonly string[]
  /** `PARTITION:OFFSET` of orders that can not be used. */
  readonly dead: readonly string[]
}

/** Counts again. */
export function recount(records: readonly InputRecord[]): Recount {
  const partitions = Map.groupBy(records, ({ partition }) => partition)
  const counts = [...partitions.values()].map((part) => recountPartition(part.toSorted((a, b) => a.offset - b.offset)))
  return {
    orders: records.length,
    results: new Map(counts.flatMap(({ results }) => [...results])),
    late: counts.flatMap(({ late }) => late),
    dead: counts.flatMap(({ dead }) => dead),
  }
}

function recountPartition(records: readonly InputRecord[]): Omit<Recount, 'orders'> {
  const sums = new Map<string, { readonly start: number; orders: number; total: number }>()
  const [late, dead]: [string[], string[]] = [[], []]
  let watermark = -Infinity
  const isClosed = (start: number): boolean => watermark >= start + window.size - 1 + window.lateness
  for (const { partition, offset, key, value } of records) {
    const order = parse(value)
    if (order === null || order.customer !== key) {
      dead.push(`${partition}:${offset}`)
      continue
    }
    const start = Math.floor(order.at / window.size) * window.size
    if (order.amount > 0 && isClosed(start)) late.push(`${partition}:${offset}`)
    else if (order.amount > 0) {
      const sum = sums.get(`${key} ${start}`) ?? { start, orders: 0, total: 0 }
      sums.set(`${key} ${start}`, { start, orders: sum.orders + 1, total: sum.total + order.amount })
    }
    watermark = Math.max(watermark, order.at - window.outOfOrderness - 1)
  }
  const closed = [...sums].filter(([, { start }]) => isClosed(start))
  return { results: new Map(closed.map(([name, { orders, total }]) => [name, `${orders} for ${total}`])), late, dead }
}

/** Null for what is no order. */
function parse(value: string | null): { readonly customer: string; readonly amount: number; readonly at: number } | null {
  try {
    const { customer, amount, at } = JSON.parse(value ?? '') as Record<string, unknown>
    return typeof customer === 'string' && typeof amount === 'number' && typeof at === 'number' ? { customer, amount, at } : null
  } catch {
    return null
  }
}
