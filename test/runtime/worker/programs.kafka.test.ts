/** Programs beyond the plain count, whole jobs on a real broker: slow functions, sliding windows, reduce; crashed meanwhile. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { kafka, sliding, stream, sum, count, t as type, tumbling } from '../../../runtime/index.ts'
import type { Plan } from '../../../runtime/plan/nodes.ts'
import { eventually } from '../../support/eventually.ts'
import { assertExact } from '../../support/exact.ts'
import { JobRun } from '../../support/job-run.ts'
import { orders, randomOf } from '../../support/orders.ts'
import { windowOracle } from '../../support/window-oracle.ts'

const start = 1_700_000_000_000
/** The model walks through time from 0. */
const origin = start - 10_000
const schema = type.object({ customer: type.string, amount: type.integer, at: type.timestamp })

function source(input: string) {
  return stream.from(kafka({ topic: input, key: 'customer', schema })).eventTime('at', { outOfOrderness: '500ms' })
}

/** Sends in rounds; a worker is cut off somewhere in each. */
async function disturbed(run: JobRun, rounds: number, perRound: number): Promise<void> {
  const random = randomOf(5)
  const job = await run.start(2)
  const passed = (): number => job.statuses.reduce((total, { tasks }) => total + tasks.reduce((n, task) => n + Number(task.position), 0), 0)
  for (let round = 0; round < rounds; round++) {
    await run.send(orders({ count: perRound, partitions: 4, from: start + round * perRound, seed: round }))
    const at = round * perRound + random() * perRound
    await eventually(() => passed() >= at, { timeoutMs: 30_000 })
    await job.crash(round % 2)
    job.startWorker(round % 2)
  }
  await run.drained()
}

/** What the plain model gives for the input, partition by partition: `key@start` -> orders and total. */
async function modelled(run: JobRun, size: number, slide: number): Promise<Map<string, string>> {
  const input = await run.read(run.input)
  const expected = new Map<string, string>()
  for (let partition = 0; partition < run.partitions; partition++) {
    const records = input
      .filter((record) => record.partition === partition)
      .flatMap(({ key, value }) => {
        const order = parsed(value)
        return order === null || key !== order.customer ? [] : [{ key, timestamp: order.at - origin, amount: order.amount }]
      })
    const { results } = windowOracle(records, { size, slide, offset: 0, lateness: 0 }, 500, false)
    for (const { key, windowStart, n, total } of results) expected.set(`${key}@${windowStart + origin}`, `${n},${total}`)
  }
  return expected
}

function parsed(value: string | null): { customer: string; amount: number; at: number } | null {
  try {
    return JSON.parse(value ?? '') as { customer: string; amount: number; at: number }
  } catch {
    return null
  }
}

interface Row {
  readonly key: string
  readonly windowStart: number
  readonly orders: number
  readonly total: number
}

async function assertModelled(t: ExecutionContext, run: JobRun, expected: Map<string, string>): Promise<void> {
  const output = (await run.read(run.output)).map(({ value }) => {
    const row = JSON.parse(value ?? '') as Row & { readonly value?: Row }
    const { key, windowStart } = row
    // What a reduce has combined stands in a field of its own.
    const { orders: n, total } = row.value ?? row
    return [`${key}@${windowStart}`, `${n},${total}`] as const
  })
  t.true(expected.size > 100)
  t.is(output.length, expected.size, 'each result once')
  const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)
  t.deepEqual(new Map(output.toSorted(byName)), new Map([...expected].toSorted(byName)))
}

// One after the other: a function that does not let go of the processor takes it from the other jobs of this process too.
test.serial('sliding windows are exact under crashes', async (t) => {
  const plan = (input: string, output: string): Plan =>
    source(input)
      .keyBy('customer')
      .window(sliding('1s', '250ms'))
      .aggregate('revenue', { orders: count(), total: sum('amount') })
      .to(kafka({ topic: output }))
  const run = await new JobRun(t, { plan, processing: { outputLingerMs: 5 } }).createTopics()
  await disturbed(run, 4, 3_000)
  await assertModelled(t, run, await modelled(run, 1_000, 250))
})

test.serial('a reduce in windows is exact under crashes', async (t) => {
  const plan = (input: string, output: string): Plan =>
    source(input)
      .map(({ customer, amount, at }) => ({ customer, at, orders: 1, total: amount }))
      .keyBy('customer')
      .window(tumbling('1s'))
      .reduce('revenue', (a, b) => ({ ...a, orders: a.orders + b.orders, total: a.total + b.total }))
      .to(kafka({ topic: output }))
  const run = await new JobRun(t, { plan, processing: { outputLingerMs: 5 } }).createTopics()
  await disturbed(run, 4, 3_000)
  await assertModelled(t, run, await modelled(run, 1_000, 1_000))
})

test.serial('a function that takes 5 ms for each record keeps the membership, commits in time and answers between records', async (t) => {
  const plan = (input: string, output: string): Plan =>
    source(input)
      .map((order) => {
        const until = performance.now() + 5
        while (performance.now() < until);
        return order
      })
      .keyBy('customer')
      .window(tumbling('1s'))
      .aggregate('revenue', { orders: count(), total: sum('amount') })
      .to(kafka({ topic: output }))
  const run = await new JobRun(t, { plan, processing: { sessionTimeoutMs: 3_000 } }).createTopics()
  const job = await run.start(1)
  await eventually(() => job.statuses[0]?.state === 'running')
  const { generation } = job.statuses[0]!
  let longest = 0
  let last = performance.now()
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 1)
  t.teardown(() => clearInterval(timer))
  await run.send(orders({ count: 1_500, partitions: 4 }))
  await run.drained(60_000)
  clearInterval(timer)
  t.is(job.statuses[0]?.generation, generation)
  t.is(job.workers[0]?.telemetry.rewinds, 0)
  t.true((job.workers[0]?.telemetry.commits ?? 0) >= 10, `${job.workers[0]?.telemetry.commits} commits`)
  t.true(longest < 1_000, `the event loop stood still for ${Math.round(longest)} ms`)
  await assertExact(t, run, 1_500)
})
