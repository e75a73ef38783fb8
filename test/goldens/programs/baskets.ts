/** A trigger with everything: a sum that is told while it grows, records that close a window or drop it, a time after which it closes by itself. */
import { collect, count, global, kafka, state, stream, sum, t, trigger } from 'streamjob'

const Change = t.object({ customer: t.string, event: t.string, amount: t.number, at: t.timestamp })

export default stream
  .from(kafka({ topic: 'changes', key: 'customer', schema: Change }))
  .eventTime('at', { outOfOrderness: '5ms' })
  .keyBy('customer')
  .window(
    global({
      trigger: trigger({
        state: { spent: state.value(t.number, { initial: 0 }) },
        onRecord({ event, amount }, { state: { spent }, count: records, timestamp, timer }) {
          if (records === 1) timer.set(timestamp + 30)
          spent.update((all) => all + amount)
          if (amount < 0) throw new RangeError('less than nothing')
          if (event === 'cancel') return 'purge'
          if (event === 'checkout') return 'fire-and-purge'
          return spent.get() >= 100 ? 'fire' : 'continue'
        },
        onTimer: (_timestamp, { state: { spent } }) => (spent.get() > 0 ? 'fire-and-purge' : 'purge'),
      }),
    }),
  )
  .aggregate('baskets', { changes: count(), spent: sum('amount'), events: collect('event') })
  .to(kafka({ topic: 'baskets' }))
