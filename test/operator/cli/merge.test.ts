/** A sample job of two sources, run by the command on the brokers that it brings along, with workers that are killed. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { randomOf } from '../../support/orders.ts'
import { main } from '../../support/dev-command.ts'

const job = join(import.meta.dirname, '../../jobs/spending.ts')
const minute = 60_000

interface Purchase {
  readonly user: string
  /** Hundredths, so that sums are exact. */
  readonly cents: number
  readonly at: number
}

test('records of two sources meet in the windows of their keys, whichever of them is ahead', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'streamjob-merge-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const random = randomOf(11)
  // The shops are an hour behind the web.
  const purchases = (from: number): Purchase[] =>
    Array.from({ length: 1_200 }, (_, i) => ({
      user: `u${Math.floor(random() * 20)}`,
      cents: Math.floor(random() * 5) * 25,
      at: from + i * 1_500 - Math.floor(random() * 4_000),
    }))
  const start = 1_700_000_000_000
  const [web, shops] = [purchases(start + 60 * minute), purchases(start)]
  const write = async (name: string, values: readonly object[]): Promise<string> => {
    const file = join(folder, `${name}.ndjson`)
    await writeFile(file, values.map((value) => `${JSON.stringify({ value })}\n`).join(''))
    return `${name}=${file}`
  }
  const inputs = [
    await write('web-orders', web),
    await write(
      'shop-receipts',
      shops.map(({ user, cents, at }) => ({ customer: user, amount: cents / 100, at })),
    ),
  ]
  const output = join(folder, 'out')
  const args = [
    'dev',
    job,
    ...inputs.flatMap((input) => ['--input', input]),
    '--output',
    output,
    '--until-idle',
    '--parallelism',
    '2',
    '--crash-every',
    '500',
  ]
  await promisify(execFile)(process.execPath, [main, ...args], { timeout: 60_000 })

  const expected = new Map<string, { purchases: number; amount: number }>()
  for (const { user, cents, at } of [...web, ...shops]) {
    if (cents === 0) continue
    const name = `${user}@${Math.floor(at / minute) * minute}`
    const { purchases: n, amount } = expected.get(name) ?? { purchases: 0, amount: 0 }
    expected.set(name, { purchases: n + 1, amount: amount + cents / 100 })
  }
  const lines = (await readFile(join(output, 'spending.ndjson'), 'utf8')).trim().split('\n')
  const found = lines.map((line) => {
    // A result of the job.
    const { value } = JSON.parse(line) as { value: { key: string; windowStart: number; purchases: number; amount: number } }
    return [`${value.key}@${value.windowStart}`, { purchases: value.purchases, amount: value.amount }] as const
  })
  t.is(found.length, expected.size)
  t.deepEqual(new Map(found.toSorted(([a], [b]) => (a < b ? -1 : 1))), new Map([...expected].toSorted(([a], [b]) => (a < b ? -1 : 1))))
  t.is((await readFile(join(output, 'default.spending.late.ndjson'), 'utf8')).length, 0)
})
