/** One source, five outputs: a copy, two sizes of windows of one keyed stream, what a split leaves over, and counts by another field through a topic in between. */
import { count, job, kafka, otherwise, state, stream, sum, t, tumbling } from 'streamjob'

const Order = t.object({ customer: t.string, region: t.string, amount: t.number, at: t.timestamp })

const orders = stream.from(kafka({ topic: 'orders', key: 'customer', schema: Order })).eventTime('at', { outOfOrderness: '0s' })
const { paid, free } = orders.split({ paid: ({ amount }) => amount > 0, free: otherwise })
const byCustomer = paid.keyBy('customer')
const spent = byCustomer.process('spent', {
  state: { total: state.value(t.number, { initial: 0 }) },
  emits: t.object({ customer: t.string, total: t.number }),
  onRecord({ customer, amount }, { state: { total }, emit }) {
    total.update((before) => before + amount)
    emit({ customer, total: total.get() })
  },
})
const checked = orders.map((order) => {
  if (order.region === 'nowhere') throw new RangeError('no such region')
  return order
})

export default job(
  checked.to(kafka({ topic: 'copies' })),
  byCustomer
    .window(tumbling('10ms'))
    .aggregate('short', { n: count(), total: sum('amount') })
    .to(kafka({ topic: 'windows' })),
  byCustomer
    .window(tumbling('20ms', { lateness: '5ms' }))
    .aggregate('long', { n: count(), total: sum('amount') })
    .to(kafka({ topic: 'windows' })),
  free.map(({ customer }) => ({ customer })).to(kafka({ topic: 'free' })),
  spent.to(kafka({ topic: 'spent' })),
  orders
    .keyBy('region', { name: 'by-region' })
    .window(tumbling('20ms'))
    .aggregate('regions', { n: count() })
    .to(kafka({ topic: 'regions' })),
)
