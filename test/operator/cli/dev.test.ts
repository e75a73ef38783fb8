/** The real command as a process of its own, on the brokers that it brings along. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { devInMemory, linesOf, sampleOf, sequences } from '../../support/dev-command.ts'
import { randomOf } from '../../support/orders.ts'
import { windowOracle } from '../../support/window-oracle.ts'

/** Early in 1970, where the plain model is quick. */
const start = 60_000

test('without Kafka a job gives what the plain model gives, and the same when its workers are killed again and again', async (t) => {
  const sample = await sampleOf(t, 'revenue.ts', 'orders', 'revenue-per-minute')
  const random = randomOf(5)
  const orders = Array.from({ length: 3_000 }, (_, i) => ({
    customer: `c${Math.floor(random() * 20)}`,
    amount: 1 + Math.floor(random() * 90),
    at: start + i * 100,
  }))
  await writeFile(join(sample.folder, 'orders.ndjson'), orders.map((order) => JSON.stringify({ key: order.customer, value: order })).join('\n'))
  const input = ['--input', `${sample.input}=orders.ndjson`, '--until-idle', '--parallelism', '2']
  const calm = await devInMemory(sample, ...input, '--output', 'calm')
  t.is(calm.code, 0, calm.err)
  const records = orders.map(({ customer, at, amount }) => ({ key: customer, timestamp: at, amount }))
  const { results } = windowOracle(records, { size: 60_000, slide: 60_000, offset: 0, lateness: 30_000 }, 10_000, true)
  const shown = (await linesOf(sample, 'calm', sample.output)).map(
    ({ value }) => value as { key: string; windowStart: number; orders: number; total: number },
  )
  t.deepEqual(
    shown.map(({ key, windowStart, orders: n, total }) => `${key} ${windowStart} ${n} ${total}`).toSorted(),
    results.map(({ key, windowStart, n, total }) => `${key} ${windowStart} ${n} ${total}`).toSorted(),
  )
  const stormy = await devInMemory(sample, ...input, '--output', 'stormy', '--crash-every', '200')
  t.is(stormy.code, 0, stormy.err)
  t.regex(stormy.out + stormy.err, /workers were killed \d+ times/)
  t.deepEqual(await sequences(sample, 'stormy'), await sequences(sample, 'calm'))
})
