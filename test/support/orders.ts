/** Seeded orders for tests: keyed by customer, out of order by up to 400 ms, some late, some broken. */
import { encodeKey, partitionFor } from '../../runtime/formats/key.ts'

export interface TestRecord {
  readonly key: string | null
  readonly value: string
  readonly timestamp: number
  readonly partition: number
}

export interface OrdersOptions {
  readonly count: number
  readonly partitions: number
  readonly from?: number
  readonly seed?: number
}

/** Event time advances by a millisecond per record, from `from`. */
export function orders({ count, partitions, from = 1_700_000_000_000, seed = 1 }: OrdersOptions): TestRecord[] {
  const random = randomOf(seed)
  return Array.from({ length: count }, (_, i) => {
    const customer = `customer-${Math.floor(random() * 50)}`
    const bytes = encodeKey(customer)
    const odd = random()
    const at = from + i - Math.floor(odd < 0.01 ? 5_000 : random() * 400)
    const json = JSON.stringify({ customer, amount: Math.floor(random() * 1_000), at, note: 'ünïcode "quoted"' })
    const value = odd > 0.995 ? json.slice(0, -5) : json
    const key = odd > 0.99 && odd <= 0.995 ? null : odd > 0.985 && odd <= 0.99 ? `not-${customer}` : customer
    return { key, value, timestamp: at, partition: partitionFor(bytes, 0, bytes.length, partitions) }
  })
}

/** Mulberry32: numbers in [0, 1) that only depend on the seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
