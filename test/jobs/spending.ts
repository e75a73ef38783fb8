/** What each user spends a minute, on the web and in shops: two topics with records of their own, brought to one shape and merged. */
import { count, kafka, stream, sum, t, tumbling } from 'streamjob'

const web = stream
  .from(kafka({ topic: 'web-orders', schema: t.object({ user: t.string, cents: t.integer, at: t.timestamp }) }))
  .eventTime('at', { outOfOrderness: '5s' })
  .map(({ user, cents }) => ({ user, amount: cents / 100 }))

const shops = stream
  .from(kafka({ topic: 'shop-receipts', schema: t.object({ customer: t.string, amount: t.number, at: t.timestamp }) }))
  .eventTime('at', { outOfOrderness: '5s' })
  .map(({ customer, amount }) => ({ user: customer, amount }))

export default web
  .merge(shops)
  .filter(({ amount }) => amount > 0)
  .keyBy('user', { name: 'by-user' })
  .window(tumbling('1m'))
  .aggregate('spending', { purchases: count(), amount: sum('amount') })
  .to(kafka({ topic: 'spending' }))
