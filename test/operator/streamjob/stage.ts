/** The stage for whole lives of a StreamJob: a real API server, a real broker, and players for what a bare API server lacks. */
import { randomUUID } from 'node:crypto'
import { systemClock } from '../../../operator/clock.ts'
import { connectJobKafka } from '../../../operator/kafka/connect.ts'
import type { JobKafka } from '../../../operator/kafka/job-kafka.ts'
import { createApplier } from '../../../operator/kube/apply.ts'
import type { KubeClient } from '../../../operator/kube/client.ts'
import { isConflict } from '../../../operator/kube/errors.ts'
import type { Happening } from '../../../operator/kube/events.ts'
import { silentLog } from '../../../operator/log.ts'
import { Memory } from '../../../operator/streamjob/memory.ts'
import { createStreamJobReconciler } from '../../../operator/streamjob/reconciler.ts'
import { type PodClient, type StoredJob, streamJobs, type World } from '../../../operator/streamjob/visit.ts'
import { connectAdmin } from '../../../runtime/kafka/kafkajs/admin.ts'
import { planSteps } from '../../../runtime/dsl/steps.ts'
import type { WorkerStatus } from '../../../runtime/protocol.ts'
import { findCondition } from '../../../crds/conditions.ts'
import { installDefinitions } from '../../support/definitions.ts'
import { eventually } from '../../support/eventually.ts'
import { brokers } from '../../support/kafka.ts'
import { testClient, testNamespace } from '../../support/kube.ts'
import { playStatefulSets } from './played-cluster.ts'

export interface Stage extends AsyncDisposable {
  readonly kube: KubeClient
  readonly namespace: string
  readonly world: World
  readonly events: Happening[]
  readonly broker: string
  createTopic(topic: string, partitions: number): Promise<void>
  kafka(applicationId: string): JobKafka
  apply(name: string, spec: Readonly<Record<string, unknown>>): Promise<StoredJob>
  patch(name: string, spec: Readonly<Record<string, unknown>>): Promise<void>
  read(name: string): Promise<StoredJob | null>
  /** Reconciles and plays the cluster until `probe` holds of the job. */
  until(name: string, probe: (job: StoredJob) => boolean, what: string): Promise<StoredJob>
  /** The same until the job is gone. */
  untilGone(name: string): Promise<void>
  /** One reconcile. */
  visit(name: string): Promise<void>
  /** Told what a reconcile throws; conflicts are everyday life and not told. Throws on by default. */
  onError: (error: unknown) => void
}

/** Much longer than anything here takes, also on a busy machine. */
const patienceMs = 120_000

/** @param broker Where the stage itself works; it asks for no credentials. */
export async function openStage(
  changes: Partial<World> = {},
  kubeOf: (kube: KubeClient) => KubeClient = (kube) => kube,
  [broker = '']: readonly string[] = brokers(),
): Promise<Stage> {
  const kube = await testClient()
  await installDefinitions(kube)
  const namespace = await testNamespace(kube)
  const events: Happening[] = []
  const operatorKube = kubeOf(kube)
  const world: World = {
    kube: operatorKube,
    connectKafka: connectJobKafka,
    planSteps,
    pods: playedWorkers(kube, namespace, () => stage),
    events: { record: (happening) => void events.push(happening) },
    applier: createApplier(operatorKube),
    clock: systemClock,
    random: () => 0.5,
    memory: new Memory(),
    settings: {
      operatorId: 'test/operator',
      runtimeImage: 'streamjob:test',
      kubernetesCluster: 'cluster-of-tests',
      location: { namespace: 'streamjob-system', podLabels: { 'app.kubernetes.io/name': 'streamjob-operator' } },
    },
    ...changes,
  }
  const admin = connectAdmin({ brokers: [broker] }, { clientId: 'test' })
  const connections: JobKafka[] = []
  const stage: Stage = {
    kube,
    namespace,
    world,
    events,
    broker,
    createTopic: (topic, partitions) => admin.createTopic({ topic, partitions, replicationFactor: 1, config: {} }),
    kafka(applicationId) {
      const access = { connection: { brokers: [broker] }, nameOf: (path: string) => path, [Symbol.asyncDispose]: async () => {} }
      const kafka = connectJobKafka(access, applicationId, systemClock, new AbortController().signal)
      connections.push(kafka)
      return kafka
    },
    apply: (name, spec) => kube.create(streamJobs, { metadata: { name, namespace }, spec }),
    async patch(name, spec) {
      await kube.patch(streamJobs, { namespace, name }, { kind: 'merge', body: { spec } })
    },
    read: (name) => kube.find(streamJobs, { namespace, name }),
    async visit(name) {
      try {
        await createStreamJobReconciler(world)(`${namespace}/${name}`, { signal: AbortSignal.timeout(patienceMs), log: silentLog, failures: 0 })
      } catch (error) {
        if (!isConflict(error)) stage.onError(error)
      }
    },
    onError(error) {
      throw error
    },
    async untilGone(name) {
      await eventually(
        async () => {
          await stage.visit(name)
          await playStatefulSets(kube, namespace)
          return (await stage.read(name)) === null
        },
        { what: `${name} to be gone`, timeoutMs: patienceMs },
      )
    },
    async until(name, probe, what) {
      let last: StoredJob | null = null
      const probing = eventually(
        async () => {
          await stage.visit(name)
          await playStatefulSets(kube, namespace)
          last = await stage.read(name)
          return last !== null && probe(last) ? last : null
        },
        { what, timeoutMs: patienceMs },
      )
      return probing.catch((error: unknown) => {
        throw new Error(`${what} did not come about: ${summary(last)}\n${error instanceof Error ? error.message : ''}`, { cause: error })
      })
    },
    async [Symbol.asyncDispose]() {
      for (const kafka of connections) await kafka[Symbol.asyncDispose]()
      await admin[Symbol.asyncDispose]()
      kube.close()
    },
  }
  return stage
}

/** `Ready=True`, `Ready=False/TopicMissing`. */
export function is(job: StoredJob, type: Parameters<typeof findCondition>[1], status: string, reason?: string): boolean {
  const condition = findCondition(job.status?.conditions, type)
  return condition?.status === status && (reason === undefined || condition.reason === reason)
}

/** A small program: `from` to `to`. */
export function steps(from: string, to: string): readonly unknown[] {
  return [
    {
      from: { topic: from, key: 'customer', format: 'json', schema: { customer: 'string', amount: 'number', at: 'timestamp' } },
      eventTime: { field: 'at', outOfOrderness: '10s' },
    },
    { keyBy: 'customer' },
    { window: { tumbling: '1m', lateness: '30s' } },
    { aggregate: { name: 'revenue', fields: { total: { sum: 'amount' } } } },
    { to: { topic: to, format: 'json' } },
  ]
}

export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`
}

/** Workers that do as the job record says, at once. */
function playedWorkers(kube: KubeClient, namespace: string, stage: () => Stage): PodClient {
  void kube
  return {
    plan: () => Promise.resolve(null),
    async status(): Promise<WorkerStatus | null> {
      const jobs = await stage().kube.list(streamJobs, { namespace })
      const name = jobs.items[0]?.metadata.name ?? ''
      await using kafka = stage().kafka(`${namespace}.${name}`)
      const record = await kafka.readJobRecord()
      return {
        formatVersion: 1,
        instanceId: '',
        state: record?.mode === 'stop' ? 'waiting' : 'running',
        reason: '',
        error: null,
        epoch: record?.epoch ?? null,
        codeHash: record?.codeHash ?? '',
        generation: 1,
        memberId: null,
        commits: 0,
        rewinds: 0,
        warm: [],
        tasks: [],
      }
    },
  }
}

function summary(job: StoredJob | null): string {
  const { conditions = [], ...rest } = job?.status ?? {}
  return [JSON.stringify(rest), ...conditions.map(({ type, status, reason, message }) => `${type}=${status} ${reason} ${message}`)].join('\n')
}
