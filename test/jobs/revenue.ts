/** Revenue per customer and minute. The same program stands as steps in revenue.yaml. */
import { stream, kafka, tumbling, count, sum, t } from 'streamjob'

export default stream
  .from(kafka({ topic: 'orders', key: 'customer', schema: t.object({ customer: t.string, amount: t.number, at: t.timestamp }) }))
  .eventTime('at', { outOfOrderness: '10s' })
  .filter((order) => order.amount > 0)
  .keyBy('customer')
  .window(tumbling('1m', { lateness: '30s' }))
  .aggregate('revenue', { orders: count(), total: sum('amount') })
  .to(kafka({ topic: 'revenue-per-minute' }))
