/**
 * The process of a pod: `main.ts worker` runs a job's tasks, `main.ts plan` plans a program and answers what came of it.
 * The only file of the runtime that reads the environment, handles signals and exits.
 */
import { readFile } from 'node:fs/promises'
import { parseWorkerConfig, ports } from './config.ts'
import type { WorkerConfig } from './config.ts'
import { createWorkerMetrics } from './control/metrics.ts'
import { serve } from './control/server.ts'
import { controlRoutes, probeRoutes } from './control/worker-routes.ts'
import { StreamJobError } from './errors.ts'
import { connectKafka } from './kafka/connect.ts'
import { systemTiming } from './kafka/timing.ts'
import { createLogger } from './log.ts'
import { stagesOf } from './plan/structure/stages.ts'
import { openProgram } from './program/open.ts'
import { planProgram } from './program/plan.ts'
import type { PlanResult } from './protocol.ts'
import { nodeDisk } from './worker/snapshots/node-disk.ts'
import { ordinalOf } from './worker/tasks/task-factory.ts'
import { Worker } from './worker/worker.ts'

const { env } = process
const log = createLogger(env['LOG_LEVEL'] ?? 'info', { pod: env['POD_NAME'] })
const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())

try {
  const config = await readConfig(required('STREAMJOB_CONFIG'))
  if (process.argv[2] === 'worker') await runWorker(config)
  else if (process.argv[2] === 'plan') await runPlan(config)
  else throw new StreamJobError('config-invalid', `Usage: main.ts worker | plan; got ${process.argv[2] ?? 'nothing'}.`)
  process.exit(0)
} catch (error) {
  const known = error instanceof StreamJobError ? { ...error.fields, code: error.code } : { code: 'internal' }
  log.error('The process ends', { ...known, error: error instanceof Error ? error.stack : String(error) })
  process.exit(1)
}

async function runWorker(config: WorkerConfig): Promise<void> {
  const instanceId = required('POD_NAME')
  const ordinal = ordinalOf(instanceId)
  if (ordinal < 0) throw new StreamJobError('config-invalid', `POD_NAME must end in an ordinal, as a StatefulSet's pods do; it is ${instanceId}.`)
  const plan = await openProgram(config.program)
  const { transactionTimeoutMs } = config.processing
  await using kafka = connectKafka(config.kafka, { clientId: instanceId, log, transactionTimeoutMs })
  const metrics = createWorkerMetrics()
  await using worker = new Worker({
    config,
    stages: stagesOf(plan),
    codeHash: required('STREAMJOB_CODE_HASH'),
    jobUid: env['STREAMJOB_JOB_UID'] ?? null,
    instanceId,
    ordinal,
    kafka,
    log,
    telemetry: metrics.telemetry,
    disk: nodeDisk,
    clock: Date.now,
    now: () => systemTiming.now(),
    pause: (milliseconds, signal) => systemTiming.sleep(milliseconds, signal),
    turn: () => systemTiming.turn(),
  })
  metrics.attach(worker)
  await using _probes = await serve(port('STREAMJOB_HTTP_PORT', ports.http), probeRoutes(worker, metrics.registry))
  await using _control = await serve(port('STREAMJOB_CONTROL_PORT', ports.control), controlRoutes(worker))
  await worker.run(stop.signal)
  log.info('Stopped; the group keeps this member until its session ends')
}

/** Plans once, then answers until it is ended: the operator reads the result and deletes the pod. */
async function runPlan(config: WorkerConfig): Promise<void> {
  if (config.program.kind !== 'module')
    throw new StreamJobError('config-invalid', 'Only modules are planned in a pod; steps are planned by the operator.')
  let result: PlanResult = { kind: 'pending' }
  const routes = {
    '/plan': () => ({ status: 200, body: result }),
    '/healthz': () => ({ status: 200, body: 'ok\n' }),
    '/readyz': () => ({ status: 200, body: 'ok\n' }),
  }
  await using _control = await serve(port('STREAMJOB_CONTROL_PORT', ports.control), routes)
  await using _probes = await serve(port('STREAMJOB_HTTP_PORT', ports.http), routes)
  const stopped = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve(), { once: true }))
  // Told to end, planning ends what it has begun: nothing of it stays behind.
  const planned = await planProgram(config.program.path, { signal: stop.signal }).catch((error: unknown) => {
    if (stop.signal.aborted) return null
    throw error
  })
  if (planned === null || stop.signal.aborted) return
  result = planned
  log.info('Planned', { kind: result.kind })
  await stopped
}

async function readConfig(path: string): Promise<WorkerConfig> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new StreamJobError('config-invalid', `STREAMJOB_CONFIG: ${path} can't be read: ${cause instanceof Error ? cause.message : String(cause)}`)
  })
  return parseWorkerConfig(text, path)
}

function required(name: string): string {
  const value = env[name]
  if (value === undefined || value === '') throw new StreamJobError('config-invalid', `The environment variable ${name} must be set.`)
  return value
}

/** A pod has an address of its own; processes that share one are told their ports. */
function port(name: string, usual: number): number {
  const given = env[name]
  if (given === undefined) return usual
  if (!/^\d{1,5}$/.test(given) || Number(given) > 65_535) throw new StreamJobError('config-invalid', `${name} must be a port; it is ${given}.`)
  return Number(given)
}
