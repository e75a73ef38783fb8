/** The dearest order of each customer and hour, from records without a declared schema. */
import { stream, kafka, tumbling } from 'streamjob'

export default stream
  .from(kafka({ topic: 'orders', key: 'customer' }))
  .eventTime({ from: 'record' }, { outOfOrderness: '1m' })
  .filter((order) => typeof order['amount'] === 'number')
  .keyBy('customer')
  .window(tumbling('1h', { offset: '15m' }))
  .reduce('dearest', (best, order) => (Number(order['amount']) > Number(best['amount']) ? order : best))
  .to(kafka({ topic: 'dearest-order-per-hour' }))
