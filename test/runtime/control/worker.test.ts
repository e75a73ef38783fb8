/** What a worker shows of itself: status, probes, metrics. */
import test from 'ava'
import { controlRoutes, probeRoutes } from '../../../runtime/control/worker-routes.ts'
import { WorkerStatus } from '../../../runtime/protocol.ts'
import { eventually } from '../../support/eventually.ts'
import { countSteps, order, ScriptedWorker } from '../../support/scripted-worker.ts'

async function working(t: Parameters<typeof ScriptedWorker.start>[0]): Promise<ScriptedWorker> {
  const run = await ScriptedWorker.start(t)
  run.kafka.put('in', 0, order('a', 5), order('a', 10), order('a', 1_500), { key: 'a', value: '{' }, order('a', 7))
  await eventually(() => run.kafka.offsets.get('in-0')?.offset === 5)
  return run
}

test('the status has every task with its positions, its watermark and its state', async (t) => {
  const run = await working(t)
  const { body } = await controlRoutes(run.worker)['/status']!()
  const status = WorkerStatus.parse(body)
  t.like(status, { instanceId: 'worker-0', state: 'running', error: null, epoch: 1, codeHash: 'c', generation: 1, memberId: 'worker-0', rewinds: 0 })
  t.is(status.tasks.length, 2)
  t.like(status.tasks[0], {
    stage: 'in',
    topic: 'in',
    partition: 0,
    committedOffset: '5',
    position: '5',
    highWatermark: '5',
    lastStableOffset: '5',
    watermark: 1_499,
    stateRows: 1,
  })
  t.like(status.tasks[1], { partition: 1, position: '0', watermark: null, stateRows: 0 })
})

test('the status tells of each partition whether it is idle, and since when', async (t) => {
  const run = await ScriptedWorker.start(t, { processing: { idleTimeoutMs: 50 } })
  await eventually(() => run.worker.status().tasks.length === 2 && run.worker.status().tasks.every(({ activity }) => activity === 'idle'))
  const [task] = run.worker.status().tasks
  // The worker's clock stands still at the present.
  t.true(task!.activitySince! <= 1_700_000_000_000 && task!.activitySince! > 1_699_999_900_000)
  run.kafka.put('in', 0, order('a', 5))
  await eventually(() => run.worker.status().tasks[0]?.activity === 'active')
  t.is(run.worker.status().tasks[1]?.activity, 'idle')
  await eventually(() => run.worker.status().tasks[0]?.activity === 'idle')
})

test('status and metrics tell which partition waits for which, and for how long it has', async (t) => {
  const [{ from, eventTime }, ...rest] = countSteps as [{ from: object; eventTime: object }, ...object[]]
  const run = await ScriptedWorker.start(t, { steps: [{ from, eventTime: { ...eventTime, maxDrift: '1s' } }, ...rest] })
  const seconds = async (partition: number): Promise<readonly [held: number, seconds: number]> => {
    const lines = await run.metrics.registry.metrics()
    const value = (name: string): number => Number(new RegExp(`^${name}{stage="in",partition="${partition}"} (.*)$`, 'm').exec(lines)?.[1] ?? NaN)
    return [value('streamjob_held_back'), value('streamjob_held_back_seconds_total')]
  }
  // Partition 1 has nothing, so that partition 0 may not go on behind its first record.
  run.kafka.put('in', 0, order('a', 5), order('a', 10), order('a', 1_500))
  await eventually(() => run.worker.status().tasks[0]?.heldBack ?? false)
  t.deepEqual(WorkerStatus.parse(run.worker.status()).tasks[0]?.heldBack, { since: 1_700_000_000_000, waitsFor: 'in/1' })
  run.ahead += 60_000
  await eventually(async () => (await seconds(0))[1] >= 60)
  t.is((await seconds(0))[0], 1)
  t.deepEqual(await seconds(1), [0, 0])
  run.kafka.put('in', 1, order('b', 2_000))
  await eventually(() => run.worker.status().tasks[0]?.position === '3')
  const [held, waited] = await seconds(0)
  t.deepEqual([held, run.worker.status().tasks[0]?.heldBack], [0, null])
  t.is((await seconds(0))[1], waited)
})

test('a task that never committed has no committed offset', async (t) => {
  const run = await ScriptedWorker.start(t, { processing: { commitIntervalMs: 600_000 } })
  await eventually(() => run.worker.status().state === 'running')
  t.deepEqual(
    run.worker.status().tasks.map(({ committedOffset, commitNumber }) => ({ committedOffset, commitNumber })),
    [0, 1].map(() => ({ committedOffset: null, commitNumber: '0' })),
  )
})

test('a worker is ready while it works; suspended it is alive, and not ready', async (t) => {
  const run = await working(t)
  const routes = probeRoutes(run.worker, run.metrics.registry)
  const ask = async (path: string): Promise<{ status: number; body: unknown }> => {
    const { status, body } = await routes[path]!()
    return { status, body }
  }
  t.deepEqual(await ask('/readyz'), { status: 200, body: 'running: working on 2 task(s)\n' })
  await run.order({ mode: 'stop' })
  await eventually(() => run.worker.status().state === 'waiting')
  t.deepEqual(await ask('/readyz'), { status: 503, body: 'waiting: the job is suspended\n' })
  t.deepEqual(await ask('/healthz'), { status: 200, body: 'ok\n' })
})

test('a worker of other code than the job record names does no work and says so', async (t) => {
  const run = await working(t)
  await run.order({ codeHash: 'other' })
  await eventually(() => run.worker.status().state === 'waiting')
  t.deepEqual(run.worker.status().error, { code: 'code-mismatch', message: "this worker's code is c, the job record names other" })
  t.deepEqual(run.worker.status().tasks, [])
  await run.order({ codeHash: 'c' })
  await eventually(() => run.worker.status().state === 'running')
  t.is(run.worker.status().error, null)
})

test('metrics count per task, and show nothing of what is not known', async (t) => {
  const run = await working(t)
  const lines = (await run.metrics.registry.metrics()).split('\n')
  const has = (line: string): boolean => t.true(lines.includes(line), line)
  has('streamjob_records_in_total{stage="in",partition="0"} 5')
  has('streamjob_records_out_total{stage="in",partition="0"} 1')
  has('streamjob_records_dropped_total{stage="in",partition="0",reason="undecodable"} 1')
  has('streamjob_records_dropped_total{stage="in",partition="0",reason="late"} 1')
  has('streamjob_windows_closed_total{stage="in",partition="0"} 1')
  has('streamjob_watermark_seconds{stage="in",partition="0"} 1.499')
  has('streamjob_input_activity{stage="in",partition="0",activity="active"} 1')
  has('streamjob_input_activity{stage="in",partition="0",activity="idle"} 0')
  has('streamjob_input_activity{stage="in",partition="0",activity="stalled"} 0')
  has('streamjob_lag_records{stage="in",partition="0"} 0')
  has('streamjob_state_rows{stage="in",partition="0"} 1')
  has('streamjob_tasks 2')
  has('streamjob_ready 1')
  has('streamjob_task_restores_total 2')
  t.true(lines.some((line) => /^streamjob_commit_duration_seconds_count [1-9]/.test(line)))
  t.false(lines.some((line) => line.startsWith('streamjob_watermark_seconds{stage="in",partition="1"}')))
})

test('a scrape reads, it does not count: two in a row give the same', async (t) => {
  const run = await working(t)
  run.stop.abort()
  await run.ended
  t.is(await run.metrics.registry.metrics(), await run.metrics.registry.metrics())
})

test('the series of a task that is gone are gone', async (t) => {
  const run = await working(t)
  await run.order({ mode: 'stop' })
  await eventually(() => run.worker.status().tasks.length === 0)
  t.notRegex(await run.metrics.registry.metrics(), /partition="0"/)
})
