/** Programs that must compile, with the types that flow through them. Compiled by types.test.ts, never run. */
import { avg, count, kafka, max, min, sliding, stream, sum, t, tumbling, type Infer, type JsonValue, type Plan } from 'streamjob'

/** Compiles only when A and B are the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(is: Same<A, B>): boolean {
  return is
}

const Order = t.object({
  customer: t.string,
  amount: t.number,
  items: t.integer,
  note: t.string.optional(),
  discount: t.number.optional().default(0),
  at: t.timestamp,
  tags: t.list(t.string),
  address: t.object({ city: t.string }),
})
type Order = Infer<typeof Order>

export const results = kafka({ topic: 'results', create: { partitions: 3, replicationFactor: 2 } })
export const orders = stream
  .from(kafka({ topic: 'orders', key: 'customer', schema: Order, startFrom: 'latest' }))
  .eventTime('at', { outOfOrderness: '10s' })

export const flow: Plan = orders
  .filter((order, record) => {
    same<typeof order, Order>(true)
    same<typeof record.key, string | null>(true)
    return order.address.city !== '' && record.partition >= 0
  })
  .flatMap((order) => order.tags.map((tag) => ({ ...order, tag })))
  .map(({ tag, customer, amount }) => ({ tag, customer, cents: amount * 100 }))
  .filter((row) => {
    same<typeof row, { tag: string; customer: string; cents: number }>(true)
    return true
  })
  .keyBy('customer')
  .window(sliding('1h', '5m', { lateness: '30s', offset: '500ms' }))
  .aggregate('hourly', { n: count(), total: sum('cents'), least: min('cents'), most: max('cents'), mean: avg('cents') })
  .map((window) => {
    same<
      typeof window,
      {
        readonly key: string
        readonly windowStart: number
        readonly windowEnd: number
        readonly n: number
        readonly total: number
        readonly least: number
        readonly most: number
        readonly mean: number
      }
    >(true)
    return window
  })
  .keyBy('key')
  .window(tumbling('1d'))
  .reduce('best', (best, row) => (row.total > best.total ? row : best))
  .map((day) => {
    same<typeof day.value.total, number>(true)
    same<typeof day.key, string>(true)
    return day
  })
  .to(results)

/** The key of a window has the type of the field, without null. */
export const byNumber: Plan = stream
  .from(kafka({ topic: 'clicks', key: 'user', schema: t.object({ user: t.integer.optional(), at: t.timestamp.optional() }) }))
  .eventTime('at', { outOfOrderness: '1s' })
  .keyBy('user')
  .window(tumbling('1m'))
  .aggregate('clicks', { n: count() })
  .filter((window) => {
    same<typeof window.key, number>(true)
    return true
  })
  .to(results)

/** Behind a function too, a window's key is of the type that the source declares. */
export const renamed: Plan = stream
  .from(kafka({ topic: 'clicks', key: 'user', schema: t.object({ user: t.integer, at: t.timestamp }) }))
  .eventTime('at', { outOfOrderness: '1s' })
  .map(({ user }) => ({ user: String(user) }))
  .keyBy('user')
  .window(tumbling('1m'))
  .aggregate('clicks', { n: count() })
  .filter((window) => {
    same<typeof window.key, number>(true)
    return true
  })
  .to(results)

/** Without a schema a field may have any name, and any JSON type. */
export const untyped: Plan = stream
  .from(kafka({ topic: 'anything', key: 'id' }))
  .eventTime((value) => Number(value['at']), { outOfOrderness: '0s' })
  .filter((value) => {
    same<(typeof value)[string], JsonValue>(true)
    return value['kind'] === 'sale'
  })
  .keyBy('id')
  .window(tumbling('1m'))
  .aggregate('sales', { n: count(), total: sum('price') })
  .filter((window) => {
    same<typeof window.key, string>(true)
    return true
  })
  .to(results)

/** Event time may be that of the record; a program may keep no state. */
export const plain: Plan = stream
  .from(kafka({ topic: 'a' }))
  .eventTime({ from: 'record' }, { outOfOrderness: '1s' })
  .to(results)

/** By processing time windows need no event time. */
export const byClock: Plan = stream
  .from(kafka({ topic: 'orders', key: 'customer', schema: Order }))
  .processingTime()
  .keyBy('customer')
  .window(tumbling('1m'))
  .aggregate('perMinute', { n: count() })
  .to(results)

/** Event time may stand in a header, and its records may be in order. */
export const inOrder: Plan = stream
  .from(kafka({ topic: 'a' }))
  .eventTime({ header: 'sent' }, { monotonous: true })
  .to(results)

/** A defaulted field is a number like any other. */
export const defaulted: Plan = orders
  .keyBy('customer')
  .window(tumbling('1m'))
  .aggregate('discounts', { total: sum('discount') })
  .to(results)
