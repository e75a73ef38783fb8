/** The process of a pod, as the kubelet meets it: started, asked to end, killed. */
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { eventually } from '../support/eventually.ts'
import { assertExact } from '../support/exact.ts'
import { JobRun } from '../support/job-run.ts'
import { orders } from '../support/orders.ts'
import { Pod, freePort } from '../support/pod.ts'

const start = 1_700_000_000_000

/** A job whose topics and record are there, and the pod of its only worker. */
async function podOf(t: ExecutionContext): Promise<{ readonly run: JobRun; readonly pod: Pod }> {
  const run = await new JobRun(t, { processing: { commitIntervalMs: 1_000, outputLingerMs: 5 } }).createTopics()
  const job = await run.start(1)
  const { codeHash } = job.statuses[0]!
  await job.stopWorker(0)
  return { run, pod: await Pod.of(t, run.config, { STREAMJOB_CODE_HASH: codeHash }) }
}

test('SIGTERM: the worker commits what it has read and exits with 0 within 5 seconds', async (t) => {
  const { run, pod } = await podOf(t)
  pod.start()
  await pod.ready()
  await run.send(orders({ count: 20_000, partitions: 4 }))
  const read = await eventually(async () => {
    const { tasks } = await pod.status()
    return tasks.some(({ position, committedOffset }) => position !== committedOffset) && tasks
  })
  const { code, milliseconds } = await pod.end('SIGTERM')
  t.is(code, 0, await pod.output)
  t.true(milliseconds < 5_000, `it took ${Math.round(milliseconds)} ms`)
  const committed = await run.committed()
  for (const { partition, position } of read) t.true((committed.get(partition) ?? -1) >= Number(position))
  t.regex(await pod.output, /Stopped; the group keeps this member/)
  await assertExact(t, run, 1)
  pod.start()
  await run.drained()
  await assertExact(t, run, 20_000)
})

test('SIGKILL in the middle of a transaction, and a new process inside the session: exact, in the same generation', async (t) => {
  const { run, pod } = await podOf(t)
  pod.start()
  await pod.ready()
  const { generation } = await pod.status()
  for (let round = 0; round < 3; round++) {
    await run.send(orders({ count: 5_000, partitions: 4, from: start + round * 5_000, seed: round }))
    await eventually(async () => (await pod.status()).tasks.some(({ position, committedOffset }) => position !== committedOffset))
    t.is((await pod.end('SIGKILL')).signal, 'SIGKILL')
    pod.start()
    await pod.ready()
  }
  await run.drained()
  t.is((await pod.status()).generation, generation)
  await assertExact(t, run, 15_000)
  const { body } = await pod.get('/metrics')
  t.regex(body, /^streamjob_ready 1$/m)
  t.regex(body, new RegExp(`^streamjob_records_in_total\\{stage="${run.input}",partition="0"\\} \\d+$`, 'm'))
})

test('a worker whose brokers can not be reached says so, is alive, not ready, and ends at once when asked to', async (t) => {
  const nobody = await freePort()
  const config = { ...new JobRun(t).config, kafka: { brokers: [`127.0.0.1:${nobody}`] } }
  const pod = (await Pod.of(t, config, { STREAMJOB_CODE_HASH: 'c' })).start()
  await eventually(async () => (await pod.get('/healthz')).status === 200)
  t.is((await pod.get('/readyz')).status, 503)
  await eventually(async () => (await pod.status()).error?.code === 'kafka-unreachable', { timeoutMs: 40_000 })
  const { code, milliseconds } = await pod.end('SIGTERM')
  t.is(code, 0, await pod.output)
  t.true(milliseconds < 2_000, `it took ${Math.round(milliseconds)} ms`)
})

for (const [what, config, message] of [
  ['is no JSON', '{', /config\.json is not JSON/],
  ['lacks fields', { formatVersion: 1, applicationId: '' }, /not a worker configuration: applicationId: .*; program: .*kafka/],
  ['asks for a version to come', { formatVersion: 2 }, /formatVersion/],
] as const) {
  test(`a configuration that ${what} ends the process with what is wrong`, async (t) => {
    const pod = (await Pod.of(t, config, { STREAMJOB_CODE_HASH: 'c' })).start()
    t.is((await pod.end(null)).code, 1)
    const line = JSON.parse((await pod.output).trim()) as { readonly code: string; readonly error: string }
    t.is(line.code, 'config-invalid')
    t.regex(line.error, message)
  })
}

test('a pod name without ordinal, a port that is none, a missing variable, another command: each ends the process with its name', async (t) => {
  const { config } = new JobRun(t)
  const cases = [
    [{ POD_NAME: 'worker' }, 'worker', /POD_NAME must end in an ordinal/],
    [{ STREAMJOB_HTTP_PORT: '99999' }, 'worker', /STREAMJOB_HTTP_PORT must be a port/],
    [{ STREAMJOB_CODE_HASH: '' }, 'worker', /STREAMJOB_CODE_HASH must be set/],
    [{ STREAMJOB_CONFIG: '/nowhere.json' }, 'worker', /\/nowhere\.json can't be read/],
    [{}, 'run', /Usage: main\.ts worker \| plan/],
  ] as const
  for (const [env, command, message] of cases) {
    const pod = (await Pod.of(t, config, { STREAMJOB_CODE_HASH: 'c', ...env })).start(command)
    t.is((await pod.end(null)).code, 1)
    t.regex(await pod.output, message)
  }
})

test('a planning pod ends when it is asked to', async (t) => {
  const config = { ...new JobRun(t).config, program: { kind: 'module', path: join(import.meta.dirname, '../jobs/revenue.ts') } }
  const pod = (await Pod.of(t, config)).start('plan')
  await eventually(async () => (await pod.get('/healthz')).status === 200)
  const { code, milliseconds } = await pod.end('SIGTERM')
  t.is(code, 0, await pod.output)
  t.true(milliseconds < 2_000)
})
