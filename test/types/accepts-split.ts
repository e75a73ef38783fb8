/** Programs with several outputs that must compile, with the types that flow through them. Compiled by types.test.ts, never run. */
import { count, job, kafka, otherwise, stream, t, tumbling, type Infer, type Plan } from 'streamjob'

/** Compiles only when A and B are the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(is: Same<A, B>): boolean {
  return is
}

const Order = t.object({ customer: t.string, amount: t.number, at: t.timestamp })
type Order = Infer<typeof Order>
const out = kafka({ topic: 'out' })

const orders = stream.from(kafka({ topic: 'orders', key: 'customer', schema: Order })).eventTime('at', { outOfOrderness: '10s' })

/** Branches are streams of what was split, and as much keyed. */
const { big, small } = orders.split({
  big: (order, record) => {
    same<typeof order, Order>(true)
    same<typeof record.partition, number>(true)
    return order.amount > 100
  },
  small: otherwise,
})
const bigOnes: Plan = big.filter((order) => same<typeof order, Order>(true)).to(out)
const minutes: Plan = small
  .keyBy('customer')
  .window(tumbling('1m'))
  .aggregate('minutes', { n: count() })
  .to(kafka({ topic: 'minutes' }))
export const both: Plan = job(bigOnes, minutes)

/** What is keyed stays so. */
const keyed = orders.keyBy('customer').split({ some: ({ amount }) => amount > 1 }, { unmatched: 'drop' })
export const some: Plan = keyed.some
  .window(tumbling('1m'))
  .aggregate('n', { n: count() })
  .filter(({ key }) => same<typeof key, string>(true))
  .to(out)

interface Click {
  readonly kind: 'click'
  readonly x: number
}
interface Key {
  readonly kind: 'key'
  readonly code: string
}
const events = orders.map(({ amount, customer }): Click | Key => (amount > 1 ? { kind: 'click', x: amount } : { kind: 'key', code: customer }))

/** A predicate that tells types apart gives its branch the type. */
const { clicks, keys } = events.split({
  clicks: (event) => event.kind === 'click',
  keys: (event): event is Key => event.kind === 'key',
  others: otherwise,
})
export const apart: Plan = job(
  clicks.map((event) => (same<typeof event, Click>(true) ? event.x : 0)).to(out),
  keys.map((event) => (same<typeof event, Key>(true) ? event.code : '')).to(out),
)
