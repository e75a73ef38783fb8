/**
 * The reference of jobs that send their records to other partitions, as plain as can be: which records count where no record is late, and which windows the
 * watermark closes, which is the least that any partition of the source has promised.
 */
import type { PrintedRecord } from '../e2e/oracle.ts'

const sizeMs = 1_000
/** More than any record of `orders` is out of order. */
const usualDisorderMs = 6_000

/** Count and sum per customer in windows of a second; the source does not say that its records are keyed by it. */
export function shuffledSteps(input: string, output: string, outOfOrdernessMs = usualDisorderMs): readonly object[] {
  const schema = { customer: 'string', amount: 'integer', at: 'timestamp' }
  return [
    { from: { topic: input, format: 'json', schema }, eventTime: { field: 'at', outOfOrderness: `${outOfOrdernessMs}ms` } },
    { keyBy: { field: 'customer', name: 'by-customer' } },
    { window: { tumbling: `${sizeMs}ms` } },
    { aggregate: { name: 'revenue', fields: { orders: { count: {} }, total: { sum: 'amount' } } } },
    { to: { topic: output, format: 'json' } },
  ]
}

/**
 * `customer@windowStart` -> `orders,total`, of all windows that must have closed. Every partition must have records. `combine`: the largest, when all of them
 * are idle.
 */
export function shuffledResults(
  input: readonly PrintedRecord[],
  partitions: number,
  outOfOrdernessMs = usualDisorderMs,
  combine: (...watermarks: number[]) => number = Math.min,
): ReadonlyMap<string, string> {
  const newest = new Map<number, number>()
  const windows = new Map<string, { orders: number; total: number; start: number }>()
  for (const { partition, value } of input) {
    const order = parsed(value)
    if (order === null) continue
    newest.set(partition, Math.max(newest.get(partition) ?? 0, order.at))
    const start = Math.floor(order.at / sizeMs) * sizeMs
    const window = windows.get(`${order.customer}@${start}`) ?? { orders: 0, total: 0, start }
    windows.set(`${order.customer}@${start}`, { orders: window.orders + 1, total: window.total + order.amount, start })
  }
  if (newest.size !== partitions) throw new Error(`only ${newest.size} of ${partitions} partitions have records`)
  const watermark = combine(...newest.values()) - outOfOrdernessMs - 1
  const closed = [...windows].filter(([, { start }]) => watermark >= start + sizeMs - 1)
  return inOrder(closed.map(([name, { orders, total }]) => [name, `${orders},${total}`]))
}

/** The same of what a job has written. Throws when a window has two results. */
export function writtenResults(output: readonly PrintedRecord[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const { value, key } of output) {
    // A result of the steps above.
    const result = JSON.parse(value ?? '') as { key: string; windowStart: number; orders: number; total: number }
    const name = `${result.key}@${result.windowStart}`
    if (key !== result.key) throw new Error(`the result ${name} has the record key ${key}`)
    if (found.has(name)) throw new Error(`there are two results ${name}`)
    found.set(name, `${result.orders},${result.total}`)
  }
  return inOrder([...found])
}

function inOrder(entries: readonly (readonly [string, string])[]): ReadonlyMap<string, string> {
  return new Map(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function parsed(value: string | null): { readonly customer: string; readonly amount: number; readonly at: number } | null {
  try {
    return JSON.parse(value ?? '') as { customer: string; amount: number; at: number }
  } catch {
    return null
  }
}
