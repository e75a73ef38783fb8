/** A real worker of a small job over a scripted Kafka. Pauses pass at once and are counted. */
import type { ExecutionContext } from 'ava'
import { WorkerConfig } from '../../runtime/config.ts'
import { createWorkerMetrics } from '../../runtime/control/metrics.ts'
import { openProgram } from '../../runtime/program/open.ts'
import { JobRecord, names } from '../../runtime/protocol.ts'
import { stagesOf } from '../../runtime/plan/structure/stages.ts'
import { nodeDisk } from '../../runtime/worker/snapshots/node-disk.ts'
import { Worker } from '../../runtime/worker/worker.ts'
import { ScriptedKafka } from './scripted-kafka.ts'

export const app = 'test.scripted'

export interface ScriptedWorkerOptions {
  readonly partitions?: number
  readonly steps?: readonly object[]
  readonly processing?: object
  readonly errors?: object
  /** Where the worker keeps local snapshots. */
  readonly directory?: string
  /** From the worker's first call on. */
  readonly hook?: ScriptedKafka['hook']
}

export class ScriptedWorker {
  readonly kafka = new ScriptedKafka()
  readonly pauses: number[] = []
  readonly logged: { readonly message: string; readonly fields: Record<string, unknown> | undefined }[] = []
  readonly stop = new AbortController()
  jobUid: string | null = null
  /** Milliseconds that the worker's monotonic clock is ahead of the real one. */
  ahead = 0
  /** Replaced by tests that look into the pauses themselves. */
  pause: (milliseconds: number, signal: AbortSignal) => Promise<void> = () => new Promise((resolve) => setImmediate(resolve))
  worker!: Worker
  ended!: Promise<void>
  record!: JobRecord
  readonly metrics = createWorkerMetrics()

  static async start(t: ExecutionContext, options: ScriptedWorkerOptions = {}): Promise<ScriptedWorker> {
    const run = await ScriptedWorker.prepare(t, options)
    run.go()
    return run
  }

  static async prepare(
    t: ExecutionContext,
    { partitions = 2, steps = countSteps, processing, errors = {}, directory, hook }: ScriptedWorkerOptions = {},
  ): Promise<ScriptedWorker> {
    const run = new ScriptedWorker()
    const { kafka } = run
    for (const topic of ['in', 'out', names.lateTopic(app), names.deadLetterTopic(app)]) kafka.createTopic(topic, partitions)
    for (const lineage of [1, 2]) kafka.createTopic(names.changelogTopic(app, lineage, 'in'), partitions)
    kafka.createTopic(names.jobTopic(app), 1)
    const config = WorkerConfig.parse({
      formatVersion: 1,
      applicationId: app,
      program: { kind: 'steps', steps },
      kafka: { brokers: ['scripted:1'] },
      processing: { commitIntervalMs: 20, outputLingerMs: 5, ...processing },
      errors,
      state: { directory: directory ?? null },
    })
    run.record = JobRecord.parse({
      formatVersion: 1,
      identity: { uid: 'u', kubernetesCluster: 'k', kafkaCluster: 'scripted' },
      epoch: 1,
      lineage: 1,
      planFingerprint: 'p',
      codeHash: 'c',
      parallelism: 1,
      stages: [],
      mode: 'run',
      operationId: null,
      restoresDone: [],
    })
    await run.order({ epoch: 1 })
    if (hook !== undefined) kafka.hook = hook
    const note = (message: string, fields?: Record<string, unknown>): void => void run.logged.push({ message, fields })
    run.worker = new Worker({
      config,
      stages: stagesOf(await openProgram(config.program)),
      codeHash: 'c',
      jobUid: run.jobUid,
      instanceId: 'worker-0',
      ordinal: 0,
      kafka,
      log: { info: note, warn: note, error: note },
      telemetry: run.metrics.telemetry,
      disk: nodeDisk,
      clock: () => 1_700_000_000_000,
      now: () => performance.now() + run.ahead,
      pause: (milliseconds, signal) => {
        run.pauses.push(milliseconds)
        return run.pause(milliseconds, signal)
      },
      turn: () => new Promise(setImmediate),
    })
    run.metrics.attach(run.worker)
    t.teardown(async () => {
      run.stop.abort()
      kafka.hook = () => {}
      await run.worker[Symbol.asyncDispose]()
      await kafka[Symbol.asyncDispose]()
    })
    return run
  }

  go(): void {
    this.ended = this.worker.run(this.stop.signal)
    this.ended.catch(() => {})
  }

  /** Writes the next job record. */
  async order(change: Partial<JobRecord>): Promise<void> {
    const { kafka } = this
    const lineage = change.lineage ?? this.record.lineage
    const changelog = names.changelogTopic(app, lineage, 'in')
    const topics = await kafka.reader.describeTopics(['in', changelog])
    const stages = [{ name: 'in', sourceTopic: 'in', partitions: topics.get('in')!.partitions, changelogId: topics.get(changelog)!.id }]
    this.record = { ...this.record, stages, epoch: this.record.epoch + 1, ...change }
    kafka.put(names.jobTopic(app), 0, { key: 'job', value: this.record })
  }

  /** How often something was asked of the brokers. */
  count(name: string): number {
    return this.kafka.calls.filter((call) => call.name === name).length
  }
}

const schema = { customer: 'string', at: 'timestamp' }

/** Counts per customer in windows of a second. */
export const countSteps: readonly object[] = [
  { from: { topic: 'in', key: 'customer', format: 'json', schema }, eventTime: { field: 'at', outOfOrderness: '0ms' } },
  { keyBy: 'customer' },
  { window: { tumbling: '1s', lateness: '0ms' } },
  { aggregate: { name: 'n', fields: { n: { count: {} } } } },
  { to: { topic: 'out', format: 'json' } },
]

export function order(customer: string, at: number): { key: string; value: object; timestamp: number } {
  return { key: customer, value: { customer, at }, timestamp: at }
}
