/** The stage in memory: whole visits of one StreamJob, without API server and brokers. Time stands still until it is moved. */
import { createApplier } from '../../../operator/kube/apply.ts'
import type { KafkaAccess } from '../../../operator/kafka/credentials.ts'
import type { JobKafka } from '../../../operator/kafka/job-kafka.ts'
import type { Outcome } from '../../../operator/kube/controller.ts'
import {
  persistentVolumeClaims,
  type PersistentVolumeClaim,
  type Pod,
  pods,
  type StatefulSet,
  statefulSets,
  type Stored,
} from '../../../operator/kube/resources.ts'
import { sizeOf } from '../../../operator/resources/volume.ts'
import { silentLog } from '../../../operator/log.ts'
import { Memory } from '../../../operator/streamjob/memory.ts'
import { createStreamJobReconciler } from '../../../operator/streamjob/reconciler.ts'
import { type StoredJob, streamJobs, type World } from '../../../operator/streamjob/visit.ts'
import { planSteps } from '../../../runtime/dsl/steps.ts'
import type { JobRecord, WorkerStatus } from '../../../runtime/protocol.ts'
import { createMemoryApi, type MemoryApi } from '../../support/memory-api.ts'
import { ManualClock } from '../kube/manual-clock.ts'

export const namespace = 'shop'
export const name = 'revenue'
const at = { namespace, name }

export class MemoryStage {
  readonly api: MemoryApi = createMemoryApi()
  readonly clock = new ManualClock()
  readonly events: { readonly reason: string; readonly note: string }[] = []
  /** What was asked of Kafka that changes something. */
  readonly effects: string[] = []
  record: JobRecord | null = null
  /** Called before every effect on Kafka. */
  kafkaHook: (effect: string) => void = () => {}
  readonly topics = new Set(['orders', 'revenue'])
  /** Of topics that have not two. */
  readonly partitions = new Map<string, number>()
  readonly world: World

  constructor(change: Partial<World> = {}) {
    const { kube } = this.api
    this.world = {
      kube,
      connectKafka: (access) => this.#kafka(access),
      planSteps,
      pods: { plan: () => Promise.resolve(null), status: () => Promise.resolve(workerOf(this.record)) },
      events: { record: ({ reason, note }) => void this.events.push({ reason, note }) },
      applier: createApplier(kube),
      clock: this.clock,
      random: () => 0,
      memory: new Memory(),
      settings: { operatorId: 'o', runtimeImage: 'streamjob:test', kubernetesCluster: 'k', location: { namespace: 'system', podLabels: {} } },
      ...change,
    }
  }

  async create(spec: Readonly<Record<string, unknown>>): Promise<void> {
    await this.api.kube.create(streamJobs, { metadata: at, spec: { kafka: { brokers: ['kafka:1'] }, ...spec } })
  }

  async patch(spec: Readonly<Record<string, unknown>>): Promise<void> {
    await this.api.kube.patch(streamJobs, at, { kind: 'merge', body: { spec } })
  }

  async job(): Promise<StoredJob> {
    return await this.api.kube.get(streamJobs, at)
  }

  async set(): Promise<Stored<StatefulSet>> {
    return await this.api.kube.get(statefulSets, at)
  }

  async visit(): Promise<Outcome> {
    return await createStreamJobReconciler(this.world)(`${namespace}/${name}`, {
      signal: new AbortController().signal,
      log: silentLog,
      failures: 0,
    })
  }

  /** Another process takes over: it remembers nothing. */
  restart(): void {
    Object.assign(this.world, { memory: new Memory() })
  }

  /** Visits, with the cluster doing its part in between, until the job says that nothing is under way and nothing more is written. */
  async settle(): Promise<void> {
    for (let visits = 0; visits < 20; visits++) {
      const written = this.api.writes.length
      await this.visit()
      await this.play()
      if (this.api.writes.length === written && (await this.job()).status?.operation === undefined) return
    }
    throw new Error(`the job did not settle: ${JSON.stringify((await this.job()).status)}`)
  }

  /** The controller of StatefulSets and the kubelet: pods are there and ready at once, or gone. */
  async play(): Promise<void> {
    const { kube } = this.api
    const set = await kube.find(statefulSets, at)
    if (set === null) return
    const replicas = set.spec?.replicas ?? 1
    for (let ordinal = 0; ordinal < 10; ordinal++) {
      const pod = { namespace, name: `${name}-${ordinal}` }
      const existing = await kube.find(pods, pod)
      if (ordinal >= replicas) await kube.delete(pods, pod)
      else if (existing === null) {
        await this.#makeClaims(set, ordinal)
        await this.startPod(pod.name, { labels: set.spec?.template.metadata?.labels ?? {} })
      }
    }
    if (set.status?.observedGeneration === set.metadata.generation) return
    await kube.patch(statefulSets, at, { kind: 'merge', body: { status: { observedGeneration: set.metadata.generation } } })
  }

  /** The claims of the job, each with what it asks for, as `state-revenue-0 1Gi fast`. */
  async claims(): Promise<readonly string[]> {
    const { items } = await this.api.kube.list(persistentVolumeClaims, { namespace })
    return items.map((claim) => `${claim.metadata.name} ${sizeOf(claim)} ${claim.spec?.storageClassName}`).toSorted()
  }

  async #makeClaims(set: Stored<StatefulSet>, ordinal: number): Promise<void> {
    for (const template of set.spec?.volumeClaimTemplates ?? []) {
      // A claim template is a claim without its place.
      const claim = structuredClone(template) as PersistentVolumeClaim
      const at = { namespace, name: `${claim.metadata.name}-${name}-${ordinal}` }
      if ((await this.api.kube.find(persistentVolumeClaims, at)) !== null) continue
      const labels = { ...claim.metadata.labels, ...set.spec?.selector.matchLabels }
      await this.api.kube.create(persistentVolumeClaims, { ...claim, metadata: { ...claim.metadata, ...at, labels }, status: { phase: 'Bound' } })
    }
  }

  async startPod(pod: string, { labels }: { labels: Readonly<Record<string, string>> }): Promise<void> {
    const status = { phase: 'Running', podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] }
    // As much of a pod as the operator looks at.
    await this.api.kube.create(pods, { metadata: { namespace, name: pod, labels }, status } as unknown as Pod)
  }

  #kafka(access: KafkaAccess): JobKafka {
    const { topics, partitions: counts } = this
    const note = async (effect: string): Promise<void> => {
      this.kafkaHook(effect)
      this.effects.push(effect)
    }
    const described = (topic: string) => ({ topic, id: Buffer.from(topic).toString('hex'), partitions: counts.get(topic) ?? 2 })
    return {
      clusterId: () => Promise.resolve('c'),
      describeTopics: (asked) => Promise.resolve(new Map(asked.filter((topic) => topics.has(topic)).map((topic) => [topic, described(topic)]))),
      async ensureTopics(wanted) {
        await note('ensureTopics')
        for (const { topic, partitions } of wanted) {
          if (!topics.has(topic)) counts.set(topic, partitions)
          topics.add(topic)
        }
      },
      readJobRecord: () => Promise.resolve(this.record),
      writeJobRecord: async (record) => {
        await note(`writeJobRecord ${record.epoch} ${record.mode}`)
        this.record = record
      },
      evict: (ids) => note(`evict ${ids.join()}`),
      resolveTransactions: (ordinals) => note(`resolve ${ordinals.join()}`),
      deleteGroup: () => note('deleteGroup'),
      listInternalTopics: () => Promise.resolve([...topics].filter((topic) => topic.startsWith(`${namespace}.`))),
      async deleteTopics(gone) {
        await note('deleteTopics')
        for (const topic of gone) topics.delete(topic)
      },
      [Symbol.asyncDispose]: () => access[Symbol.asyncDispose](),
    }
  }
}

/** A worker that does as the job record says, at once. */
function workerOf(record: JobRecord | null): WorkerStatus {
  const state = record?.mode === 'run' ? 'running' : 'waiting'
  const place = { instanceId: '', generation: null, memberId: null, codeHash: record?.codeHash ?? '', epoch: record?.epoch ?? null }
  return { formatVersion: 1, ...place, state, reason: '', error: null, commits: 0, rewinds: 0, warm: [], tasks: [] }
}

/** A small program: `orders` to `revenue`, told from others by `field`. */
export function program(field = 'total'): { steps: readonly unknown[] } {
  const schema = { customer: 'string', amount: 'number', at: 'timestamp' }
  return {
    steps: [
      { from: { topic: 'orders', key: 'customer', format: 'json', schema }, eventTime: { field: 'at', outOfOrderness: '10s' } },
      { keyBy: 'customer' },
      { window: { tumbling: '1m', lateness: '30s' } },
      { aggregate: { name: 'revenue', fields: { [field]: { sum: 'amount' } } } },
      { to: { topic: 'revenue', format: 'json' } },
    ],
  }
}
