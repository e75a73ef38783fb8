/** Windows by processing time in real workers, on virtual brokers in virtual time. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { orders } from '../../support/orders.ts'
import { epoch, partitions, VirtualJob } from '../testing/broker/virtual-job.ts'
import type { VirtualJobOptions } from '../testing/broker/virtual-job.ts'

/** `declared`: the source says that its records are keyed so; if it does not, they go through a topic of the job's own. */
const stepsOf =
  (declared: boolean): NonNullable<VirtualJobOptions['steps']> =>
  (input, output) => [
    { from: { topic: input, ...(declared && { key: 'customer' }), schema: { customer: 'string' } }, processingTime: {} },
    { keyBy: { field: 'customer', name: 'by-customer' } },
    { window: { tumbling: '5s' } },
    { aggregate: { name: 'counts', fields: { n: { count: {} } } } },
    { to: { topic: output } },
  ]

interface Row {
  readonly key: string
  readonly windowStart: number
  readonly windowEnd: number
  readonly n: number
}

async function rowsOf(job: VirtualJob): Promise<readonly Row[]> {
  return (await job.read(job.output)).map(({ value }) => JSON.parse(value!) as Row)
}

async function started(t: ExecutionContext, seed: number, declared: boolean, parallelism: number, nodes = 1): Promise<VirtualJob> {
  const job = new VirtualJob(seed, { nodes, settings: { metadataLagMs: [0, 200] }, steps: stepsOf(declared) })
  t.teardown(() => job.end())
  await job.start(parallelism)
  return job
}

/** Records that the job counts: some of `orders` are broken, or have another key than they say. */
function whole(count: number, seed: number): ReturnType<typeof orders> {
  return orders({ count, partitions, seed }).filter(({ key, value }) => value.endsWith('}') && value.includes(`"customer":"${key}"`))
}

function tasksOf(declared: boolean): number {
  return declared ? partitions : 2 * partitions
}

for (const [declared, where] of [
  [true, ''],
  [false, ', behind another stage'],
] as const) {
  test(`a window comes out within the commit interval of its end, though no record follows${where}`, async (t) => {
    const job = await started(t, 1, declared, 1)
    // Windows of 5 s are aligned to the epoch, which the virtual clock begins with.
    await job.clock.run(() => job.clock.now() >= 20_000)
    await job.send(whole(100, 1))
    await job.drained()
    t.true(job.clock.now() < 24_000)
    await job.clock.run(() => job.clock.now() >= 24_990)
    t.deepEqual(await rowsOf(job), [])
    await job.clock.run(() => job.clock.now() >= 25_000 + 200 + 100)
    const rows = await rowsOf(job)
    t.is(
      rows.reduce((sum, { n }) => sum + n, 0),
      whole(100, 1).length,
    )
    t.true(rows.every(({ windowStart, windowEnd }) => windowStart === epoch + 20_000 && windowEnd === epoch + 25_000))
    await job.pass(60_000)
    const [task] = job.job.statuses.flatMap(({ tasks }) => tasks)
    const behind = epoch + job.clock.now() - task!.watermark!
    t.true(behind > 0 && behind < 150, `${behind} ms`)
  })

  test(`windows that ended while no worker was there come out at once when one is${where}`, async (t) => {
    const job = await started(t, 2, declared, 1)
    await job.clock.run(() => job.clock.now() >= 20_000)
    await job.send(whole(50, 2))
    await job.drained()
    await job.passing(job.job.crash(0))
    await job.clock.run(() => job.clock.now() >= 60_000)
    t.deepEqual(await rowsOf(job), [])
    job.job.startWorker(0)
    await job.clock.run(() => job.job.statuses.some(({ state, tasks }) => state === 'running' && tasks.length === tasksOf(declared)))
    await job.pass(1_000)
    const rows = await rowsOf(job)
    t.is(
      rows.reduce((sum, { n }) => sum + n, 0),
      whole(50, 2).length,
    )
    t.true(rows.every(({ windowEnd }) => windowEnd === epoch + 25_000))
  })

  test(`though connections break, brokers stop and workers are cut off, each record counts once, and each window of a key comes out once${where}`, async (t) => {
    let windows = 0
    for (let seed = 1; seed <= 4; seed++) {
      const job = await started(t, seed, declared, 2, 3)
      const sent = new Map<string, number>()
      await job.disturbed(async (disturbances) => {
        for (let round = 0; round < 10; round++) {
          const records = whole(200, seed * 100 + round)
          for (const { key } of records) sent.set(key!, (sent.get(key!) ?? 0) + 1)
          await job.send(records)
          await disturbances.next()
        }
      })
      await job.drained()
      const tasks = (): readonly { readonly stateRows: number }[] => job.job.statuses.flatMap((status) => status.tasks)
      await job.clock.run(() => tasks().length === tasksOf(declared) && tasks().every(({ stateRows }) => stateRows === 0))
      await job.pass(1_000)
      const rows = await rowsOf(job)
      const counted = new Map<string, number>()
      for (const { key, n } of rows) counted.set(key, (counted.get(key) ?? 0) + n)
      t.deepEqual(Object.fromEntries(counted), Object.fromEntries(sent), `seed ${seed}`)
      t.is(new Set(rows.map(({ key, windowStart }) => `${key} ${windowStart}`)).size, rows.length, `seed ${seed}`)
      windows += new Set(rows.map(({ windowStart }) => windowStart)).size
    }
    t.true(windows > 10)
  })
}
