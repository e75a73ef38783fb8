/** Functions everywhere: lines of an order counted per window, records that fail in the middle of their lines, results that fail on the way out. */
import { count, kafka, stream, sum, t, tumbling } from 'streamjob'

const Order = t.object({ shop: t.string, at: t.timestamp, lines: t.list(t.object({ item: t.string, price: t.number })) })

export default stream
  .from(kafka({ topic: 'orders', key: 'shop', schema: Order }))
  .eventTime('at', { outOfOrderness: '0s' })
  .flatMap((order) => order.lines.map((line) => ({ shop: order.shop, ...line })))
  .map((line) => {
    if (line.price < 0) throw new RangeError(`${line.item} costs less than nothing`)
    return line
  })
  .keyBy('shop')
  .window(tumbling('10ms'))
  .aggregate('lines', { lines: count(), turnover: sum('price') })
  .map((result) => {
    if (result.turnover > 1_000) throw new RangeError('too good to be true')
    return { shop: result.key, lines: result.lines, turnover: result.turnover }
  })
  .to(kafka({ topic: 'turnover' }))
