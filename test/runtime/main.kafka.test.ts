/** The process of a pod, as the kubelet meets it: started, asked to end, killed. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { WorkerStatus } from '../../runtime/protocol.ts'
import { eventually } from '../support/eventually.ts'
import { assertExact } from '../support/exact.ts'
import { JobRun } from '../support/job-run.ts'
import { orders } from '../support/orders.ts'

const main = join(import.meta.dirname, '../../runtime/main.ts')
const start = 1_700_000_000_000

class Pod {
  readonly #t: ExecutionContext
  readonly #env: NodeJS.ProcessEnv
  readonly #ports: readonly [http: number, control: number]
  #child: ChildProcess | null = null
  output: Promise<string> = Promise.resolve('')

  private constructor(t: ExecutionContext, env: NodeJS.ProcessEnv, ports: readonly [number, number]) {
    this.#t = t
    this.#env = env
    this.#ports = ports
  }

  /** @param config What stands in the file; text as it is. */
  static async of(t: ExecutionContext, config: object | string, more: NodeJS.ProcessEnv = {}): Promise<Pod> {
    const folder = await mkdtemp(join(tmpdir(), 'streamjob-main-'))
    t.teardown(() => rm(folder, { recursive: true, force: true }))
    const file = join(folder, 'config.json')
    await writeFile(file, typeof config === 'string' ? config : JSON.stringify(config))
    const ports = [await freePort(), await freePort()] as const
    const [http, control] = ports.map(String)
    const env = {
      PATH: process.env['PATH'],
      POD_NAME: 'worker-0',
      STREAMJOB_CONFIG: file,
      STREAMJOB_HTTP_PORT: http,
      STREAMJOB_CONTROL_PORT: control,
      ...more,
    }
    return new Pod(t, env, ports)
  }

  start(command = 'worker'): this {
    const child = spawn(process.execPath, [main, command], { env: this.#env, stdio: ['ignore', 'pipe', 'inherit'] })
    this.output = text(child.stdout)
    this.#child = child
    this.#t.teardown(() => child.kill('SIGKILL'))
    return this
  }

  /** Sends the signal and waits for the end. */
  async end(signal: NodeJS.Signals | null): Promise<{ readonly code: number | null; readonly signal: string | null; readonly milliseconds: number }> {
    const child = this.#child!
    const before = performance.now()
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : Promise.resolve()
    if (signal !== null) child.kill(signal)
    await ended
    return { code: child.exitCode, signal: child.signalCode, milliseconds: performance.now() - before }
  }

  async status(): Promise<WorkerStatus> {
    return WorkerStatus.parse(await (await fetch(`http://127.0.0.1:${this.#ports[1]}/status`)).json())
  }

  async get(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const response = await fetch(`http://127.0.0.1:${this.#ports[0]}${path}`)
    return { status: response.status, body: await response.text() }
  }

  async ready(): Promise<void> {
    await eventually(async () => (await this.get('/readyz')).status === 200, { timeoutMs: 30_000 })
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

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
