/** As accepts.ts: sessions, process functions and dedup. */
import {
  count,
  countWindow,
  global,
  kafka,
  max,
  session,
  state,
  stream,
  t,
  trigger,
  tumbling,
  type Infer,
  type JsonValue,
  type Plan,
} from 'streamjob'

/** Compiles only when A and B are the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(is: Same<A, B>): boolean {
  return is
}

const Order = t.object({ customer: t.string, amount: t.number, items: t.integer, note: t.string.optional(), at: t.timestamp })
type Order = Infer<typeof Order>

const results = kafka({ topic: 'results' })
const orders = stream.from(kafka({ topic: 'orders', key: 'customer', schema: Order })).eventTime('at', { outOfOrderness: '10s' })

/** Sessions are windows. */
export const visits: Plan = orders
  .keyBy('customer')
  .window(session('10m', { lateness: '1m' }))
  .aggregate('visits', { n: count() })
  .keyBy('key')
  .window(session('1d'))
  .reduce('longest', (longest, visit) => {
    same<typeof visit.n, number>(true)
    return longest.n > visit.n ? longest : visit
  })
  .filter((window) => {
    same<typeof window.key, string>(true)
    return window.value.windowEnd > window.windowStart
  })
  .to(results)

/** Sessions that fire more than once say so. */
export const updated: Plan = orders
  .keyBy('customer')
  .window(session('10m', { emit: { early: '10s', then: 'updates' } }))
  .aggregate('updated', { n: count() })
  .filter((visit) => {
    same<typeof visit.firing, 'early' | 'on-time' | 'late'>(true)
    return visit.firing !== 'early'
  })
  .to(results)

/** State, timers and what is emitted have types of their own. */
export const processed: Plan = orders
  .keyBy('customer')
  .process('limits', {
    state: {
      total: state.value(t.number, { initial: 0, ttl: '7d' }),
      last: state.value(t.string),
      seen: state.list(t.object({ city: t.string })),
      days: state.map(t.integer, t.number, { ttl: '1d' }),
    },
    emits: t.object({ customer: t.string, total: t.number }),
    onRecord(order, context) {
      same<typeof order, Order>(true)
      same<typeof context.key, string>(true)
      const { total, last, seen, days } = context.state
      same<ReturnType<typeof total.get>, number>(true)
      same<ReturnType<typeof last.get>, string | null>(true)
      same<ReturnType<typeof seen.get>, { city: string }[]>(true)
      same<ReturnType<typeof days.get>, number | null>(true)
      same<ReturnType<typeof days.entries>, [number, number][]>(true)
      total.update((sum) => sum + order.amount)
      context.timers.set(context.timestamp + 1_000, 'late')
      context.emit({ customer: context.key, total: total.get() })
    },
    onTimer(timestamp, { key, state: { total }, emit }, name) {
      same<typeof timestamp, number>(true)
      same<typeof name, string>(true)
      emit({ customer: key, total: total.get() })
    },
  })
  .keyBy('customer')
  .window(tumbling('1m'))
  .aggregate('totals', { most: max('total') })
  .to(results)

/** Neither state nor timers nor a declared result are needed, nor event time. */
export const numbered: Plan = stream
  .from(kafka({ topic: 'orders', key: 'customer', schema: Order }))
  .keyBy('customer')
  .process('first', {
    state: { seen: state.value(t.boolean) },
    onRecord: (order, { state: { seen }, emit }) => emit({ order: order.items, seen: seen.get() }),
  })
  .filter((value) => {
    same<(typeof value)[string], JsonValue>(true)
    return true
  })
  .to(results)

/** A function over the values of a window knows their type, its key and bounds, and which firing it is. */
export const windowProcessed: Plan = orders
  .keyBy('customer')
  .window(tumbling('1m', { emit: { early: '10s' } }))
  .process('steps', {
    emits: t.object({ customer: t.string, most: t.number }),
    onWindow(values, { key, windowStart, windowEnd, firing, emit }) {
      same<typeof values, Iterable<Order>>(true)
      same<typeof key, string>(true)
      same<typeof windowStart, number>(true)
      same<typeof windowEnd, number>(true)
      same<typeof firing, 'early' | 'final'>(true)
      for (const { amount } of values) emit({ customer: key, most: amount })
    },
  })
  .keyBy('customer')
  .window(session('1m'))
  .process('visits', {
    onWindow([first], { key, emit }) {
      same<typeof first, { readonly customer: string; readonly most: number } | undefined>(false)
      emit({ customer: key, most: first?.most ?? null })
    },
  })
  .filter((value) => {
    same<(typeof value)[string], JsonValue>(true)
    return true
  })
  .to(results)

/** So does one of so many records, without event time. */
export const counted: Plan = stream
  .from(kafka({ topic: 'orders', key: 'customer', schema: Order }))
  .keyBy('customer')
  .window(countWindow(3))
  .process('threes', { onWindow: (values, { emit }) => emit({ amounts: Array.from(values, ({ amount }) => amount) }) })
  .to(results)

/** A trigger knows the type of the records of its window, its state, and has a timer where it has onTimer. */
export const triggered: Plan = orders
  .keyBy('customer')
  .window(
    global({
      trigger: trigger({
        state: { spent: state.value(t.number, { initial: 0 }) },
        onRecord(order, context) {
          same<typeof order, Order>(true)
          same<typeof context.count, number>(true)
          same<typeof context.timestamp, number>(true)
          context.timer.set(context.timestamp + 1_000)
          context.state.spent.update((sum) => sum + order.amount)
          return context.state.spent.get() > 100 ? 'fire' : 'continue'
        },
        onTimer(timestamp, { state: { spent }, timer }) {
          same<typeof timestamp, number>(true)
          if (spent.get() === 0) return 'purge'
          timer.clear()
          return 'fire-and-purge'
        },
      }),
    }),
  )
  .reduce('baskets', (basket, order) => {
    same<typeof basket, Order>(true)
    return order
  })
  .filter((result) => {
    same<keyof typeof result, 'key' | 'windowStart' | 'windowEnd' | 'value'>(true)
    return true
  })
  .to(results)

/** One that is told its type is for all streams with such records; without a timer it needs no event time. */
const large = trigger({ onRecord: ({ amount }: { readonly amount: number }) => (amount > 100 ? 'fire-and-purge' : 'continue') })
export const withoutTimer: Plan = stream
  .from(kafka({ topic: 'orders', key: 'customer', schema: Order }))
  .keyBy('customer')
  .window(global({ trigger: large }))
  .aggregate('large', { n: count() })
  .to(results)

/** A stream stays keyed, and of its type, behind dedup. */
export const once: Plan = orders
  .keyBy('customer')
  .dedup('orders', { by: 'note', within: '1h' })
  .dedup('customers', { within: '1d' })
  .filter((order) => {
    same<typeof order, Order>(true)
    return true
  })
  .window(tumbling('1d'))
  .aggregate('first', { n: count() })
  .to(results)
