/** What a test sees of the volumes of a job and of what its workers read from them. */
import { z } from 'zod'
import { names } from '../../runtime/protocol.ts'
import { testSystem } from '../support/cluster.ts'
import type { KubeJson } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { killPodProcesses, podProcesses } from '../support/processes.ts'
import { stockKafka } from '../support/stock-kafka.ts'
import type { RevenueJob } from './revenue-job.ts'
import type { Site } from './site.ts'

/** How a worker came to its tasks. */
export interface Restored {
  readonly partitions: readonly number[]
  readonly fromSnapshots: number
  /** That were read. */
  readonly changelogRows: number
  /** That lay in the changelogs of these partitions before, with those that Kafka adds for each transaction. */
  readonly changelogRecords: number
}

export class VolumeView implements AsyncDisposable {
  readonly #site: Site
  readonly #job: RevenueJob
  /** Not the site's: kafkajs goes on asking for each topic that it was once asked about, and fails when that is deleted with the job. */
  readonly #admin = stockKafka([testSystem.kafka()]).admin()

  private constructor(site: Site, job: RevenueJob) {
    this.#site = site
    this.#job = job
  }

  static async open(site: Site, job: RevenueJob): Promise<VolumeView> {
    const view = new VolumeView(site, job)
    await view.#admin.connect()
    return view
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#admin.disconnect()
  }

  /** UIDs of the claims by name. */
  async claims(): Promise<ReadonlyMap<string, string>> {
    const claims = await this.#site.namespace.list('persistentvolumeclaims')
    return new Map(claims.map(({ metadata }) => [metadata.name, metadata.uid] as const).toSorted(byName))
  }

  /** What the claims ask for. */
  async sizes(): Promise<readonly string[]> {
    const claims = await this.#site.namespace.list('persistentvolumeclaims')
    return claims.map(({ spec }) => Claim.parse(spec).resources.requests.storage)
  }

  /** The pods of the workers by ordinal, and how often each container was started again. */
  async lives(): Promise<readonly (readonly [name: string, uid: string, restarts: number])[]> {
    const pods = await this.#site.namespace.list('pods', 'app.kubernetes.io/component=worker')
    return pods.map(({ metadata, status }) => [metadata.name, metadata.uid, restartsIn(status)] as const).toSorted(byName)
  }

  /** In the changelogs of these partitions. */
  async changelogRecords(partitions: readonly number[]): Promise<number> {
    const prefix = names.changelogTopic(this.#job.applicationId, 1, '')
    const topics = (await this.#site.topics()).filter((topic) => topic.startsWith(prefix))
    const offsets = (await Promise.all(topics.map((topic) => this.#admin.fetchTopicOffsets(topic)))).flat()
    return offsets.filter(({ partition }) => partitions.includes(partition)).reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0)
  }

  /**
   * Deletes the worker's pod, waits until the next one is ready, and says what that has restored. `kill`: the worker has no time for a clean end. It is killed
   * once its pod is being deleted, as the kubelet would otherwise start it again first.
   */
  async replacePod(ordinal: number, { kill = false } = {}): Promise<Restored> {
    const { namespace } = this.#site
    const name = `${this.#job.name}-${ordinal}`
    const before = await namespace.get('pod', name)
    if (before === null) throw new Error(`there is no pod ${name}`)
    const perPartition = new Map<number, number>()
    for (const partition of [0, 1, 2, 3]) perPartition.set(partition, await this.changelogRecords([partition]))
    // It must not end by itself before it is killed.
    if (kill) for (const pid of podProcesses(before.metadata.uid)) process.kill(pid, 'SIGSTOP')
    await namespace.kubectl(['delete', 'pod', name, '--wait=false'])
    if (kill) killPodProcesses(before.metadata.uid)
    const taken = async (): Promise<z.infer<typeof TakenOver> | undefined> => {
      const now = await namespace.get('pod', name)
      if (now === null || now.metadata.uid === before.metadata.uid) return undefined
      const lines = (await namespace.logs(name)).split('\n').filter((line) => line.includes('"Tasks taken over"'))
      return lines[0] === undefined ? undefined : TakenOver.parse(JSON.parse(lines[0]))
    }
    const { tasks, fromSnapshots, changelogRows } = await eventually(taken, { timeoutMs: 90_000, what: `the tasks of the next pod ${name}` })
    await this.#site.ready(this.#job.name, 2)
    const partitions = tasks.map((task) => Number(/\d+$/.exec(task)))
    const changelogRecords = partitions.reduce((sum, partition) => sum + (perPartition.get(partition) ?? 0), 0)
    return { partitions, fromSnapshots, changelogRows, changelogRecords }
  }
}

const Claim = z.object({ resources: z.object({ requests: z.object({ storage: z.string() }) }) })

/** The worker's line in its log. */
const TakenOver = z.object({ tasks: z.array(z.string()), fromSnapshots: z.number(), changelogRows: z.number() })

function restartsIn(status: KubeJson['status']): number {
  const containers = (status?.['containerStatuses'] ?? []) as readonly { readonly restartCount: number }[]
  return containers.reduce((sum, { restartCount }) => sum + restartCount, 0)
}

function byName([a]: readonly [name: string, ...rest: unknown[]], [b]: readonly [name: string, ...rest: unknown[]]): number {
  return a < b ? -1 : 1
}
