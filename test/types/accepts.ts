/** Programs that must compile, with the types that flow through them. Compiled by types.test.ts, never run. */
import { approxDistinct, avg, collect, count, first, last, max, min, quantiles, stddev, sum, topN, variance } from 'streamjob'
import { countWindow, global, kafka, sliding, stream, t, tumbling, type Infer, type JsonObject, type JsonValue, type Plan } from 'streamjob'

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

/** Partitions that are ahead of others may be held back, whatever bounds their disorder. */
export const aligned: readonly Plan[] = [
  stream
    .from(kafka({ topic: 'a' }))
    .eventTime({ header: 'sent' }, { monotonous: true, maxDrift: '1m' })
    .to(results),
  stream
    .from(kafka({ topic: 'a' }))
    .eventTime({ from: 'record' }, { outOfOrderness: '5s', maxDrift: '1m' })
    .to(results),
]

/** The result of an aggregate has the type of what it keeps. */
export const kept: Plan = orders
  .keyBy('customer')
  .window(tumbling('1m'))
  .aggregate('kept', {
    spread: stddev('amount'),
    all: variance('amount', { of: 'population' }),
    note: last('note'),
    city: first('address'),
    notes: collect('note', { limit: 10 }),
    best: topN({ by: 'amount', n: 3 }),
    bestNotes: topN({ by: 'items', n: 3, field: 'note' }),
    marks: quantiles('amount', [0.5, 0.99]),
    customers: approxDistinct('note'),
  })
  .map(({ spread, all, note, city, notes, best, bestNotes, marks, customers }) => {
    same<typeof spread, number | null>(true)
    same<typeof all, number | null>(true)
    same<typeof note, string | null>(true)
    same<typeof city, Order['address']>(true)
    same<typeof notes, readonly string[]>(true)
    same<typeof best, readonly Order[]>(true)
    same<typeof bestNotes, readonly (string | null)[]>(true)
    same<typeof marks, readonly number[]>(true)
    same<typeof customers, number>(true)
    return { spread }
  })
  .to(results)

/** A window that fires more than once says in each result which firing it is of; one that fires once does not. */
export const firings: Plan = orders
  .keyBy('customer')
  .window(tumbling('1m', { emit: { early: '10s', then: 'updates' }, lateness: '1h', offset: '-5s' }))
  .aggregate('firings', { n: count() })
  .filter((window) => {
    same<typeof window.firing, 'early' | 'on-time' | 'late'>(true)
    return window.firing !== 'late'
  })
  .to(results)
export const updated: Plan = orders
  .keyBy('customer')
  .window(sliding('1h', '1m', { emit: 'updates' }))
  .reduce('updated', (a, b) => (a.amount > b.amount ? a : b))
  .map((window) => {
    same<
      typeof window,
      { readonly key: string; readonly windowStart: number; readonly windowEnd: number; readonly firing: 'on-time' | 'late'; readonly value: Order }
    >(true)
    return window
  })
  .to(results)
export const early: Plan = orders
  .keyBy('customer')
  .window(tumbling('1d', { timeZone: 'Europe/Berlin', emit: { early: '1h' } }))
  .aggregate('early', { n: count() })
  .filter((window) => {
    same<typeof window.firing, 'early' | 'final'>(true)
    return true
  })
  .to(results)
export const months: Plan = orders
  .keyBy('customer')
  .window(tumbling('month', { timeZone: 'Asia/Tokyo', emit: 'final' }))
  .aggregate('months', { firing: count() })
  .filter((window) => {
    same<typeof window, { readonly key: string; readonly windowStart: number; readonly windowEnd: number; readonly firing: number }>(true)
    return true
  })
  .to(results)

/** Count windows need no event time, and neither do global ones that count. */
export const counted: Plan = stream
  .from(kafka({ topic: 'orders', key: 'customer', schema: Order }))
  .keyBy('customer')
  .window(countWindow(100))
  .aggregate('hundreds', { n: count() })
  .keyBy('key')
  .window(global({ count: 10, purge: true }))
  .aggregate('thousands', { n: sum('n') })
  .to(results)
export const everyHour: Plan = orders
  .keyBy('customer')
  .window(global({ every: '1h' }))
  .aggregate('since ever', { n: count() })
  .to(results)

/** Without a schema the value of a field may be anything. */
export const keptUntyped: Plan = stream
  .from(kafka({ topic: 'anything', key: 'id' }))
  .eventTime({ from: 'record' }, { outOfOrderness: '0s' })
  .keyBy('id')
  .window(tumbling('1m'))
  .aggregate('kept', { any: last('thing'), best: topN({ by: 'price', n: 2 }) })
  .filter(({ any, best }) => {
    same<typeof any, JsonValue>(true)
    same<(typeof best)[number], JsonObject>(true)
    return true
  })
  .to(results)

/** A defaulted field is a number like any other. */
export const defaulted: Plan = orders
  .keyBy('customer')
  .window(tumbling('1m'))
  .aggregate('discounts', { total: sum('discount') })
  .to(results)
