/** A process function with everything: a sum that expires, the days it was made of, a reminder that later orders move, and orders that fail. */
import { kafka, state, stream, t } from 'streamjob'

const Order = t.object({ customer: t.string, amount: t.number, at: t.timestamp })

export default stream
  .from(kafka({ topic: 'orders', key: 'customer', schema: Order }))
  .eventTime('at', { outOfOrderness: '5ms' })
  .keyBy('customer')
  .process('limits', {
    state: {
      spent: state.value(t.number, { initial: 0, ttl: '40ms' }),
      parts: state.map(t.integer, t.number),
      quiet: state.value(t.timestamp),
    },
    emits: t.object({ customer: t.string, event: t.string, spent: t.number, parts: t.list(t.number) }),
    onRecord({ customer, amount }, { state: { spent, parts, quiet }, timers, timestamp, watermark, emit }) {
      spent.update((sum) => sum + amount)
      const part = Math.floor(timestamp / 10)
      parts.set(part, (parts.get(part) ?? 0) + amount)
      const reminder = quiet.get()
      if (reminder !== null) timers.delete(reminder, 'quiet')
      quiet.set(timestamp + 20)
      timers.set(timestamp + 20, 'quiet')
      emit({ customer, event: timestamp <= watermark ? 'late' : 'order', spent: spent.get(), parts: parts.entries().map(([, sum]) => sum) })
      if (spent.get() > 100) throw new RangeError('over the limit')
    },
    onTimer(_timestamp, { key, state: { spent, parts, quiet }, emit }) {
      emit({ customer: key, event: 'quiet', spent: spent.get(), parts: parts.entries().map(([, sum]) => sum) })
      quiet.clear()
      parts.clear()
      if (key === 'cyd') throw new Error('cyd is never quiet')
    },
  })
  .filter(({ spent }) => spent > 0)
  .to(kafka({ topic: 'limits' }))
