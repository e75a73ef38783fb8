/** A worker whose process is lost and comes back within its session: for the group, and for the other workers, nothing has happened. */
import test from 'ava'
import { ports } from '../../runtime/config.ts'
import { WorkerStatus } from '../../runtime/protocol.ts'
import { readGroupRecords } from '../support/broker.ts'
import type { KubeJson, Namespace } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { killPodProcesses } from '../support/processes.ts'
import { startOrders } from './orders-process.ts'
import { revenueJob } from './revenue-job.ts'
import { Site } from './site.ts'

const workers = 3

test("a worker that restarts within its session changes neither the group's generation nor any other worker's tasks", async (t) => {
  t.timeout(10 * 60_000)
  await using site = await Site.open()
  const { namespace } = site
  const job = revenueJob({ namespace: namespace.name, parallelism: workers })
  await site.createTopics([job.input, job.output], 6)
  // Long enough for a process to start on a machine that has other things to do.
  const processing = { transactionTimeout: '15s', sessionTimeout: '60s' }
  await namespace.apply({ ...job.manifest, spec: { ...job.manifest.spec, processing } })
  await using _orders = startOrders(job.input, 500)
  await site.ready(job.name, workers)
  const pods = Array.from({ length: workers }, (_, ordinal) => `${job.name}-${ordinal}`)
  const before = await eventually(() => settled(namespace, pods), { timeoutMs: 60_000, what: 'all tasks running in one generation' })
  t.deepEqual(before.flatMap(taskNames).toSorted(), ['0', '1', '2', '3', '4', '5'])
  const recordsBefore = await readGroupRecords(job.applicationId)
  const generation = recordsBefore.at(-1)?.generation
  t.true(before.every((worker) => worker.generation === generation))

  let last = before
  for (const [victim, pod] of pods.entries()) {
    const restarted = await restart(namespace, pod)
    t.log(`${pod} was ready again after ${(restarted / 1_000).toFixed(1)} s`)
    const now = await eventually(() => working(namespace, pods, last), {
      timeoutMs: 60_000,
      what: `every worker at work after the restart of ${pod}`,
    })
    for (const [ordinal, worker] of now.entries()) {
      t.is(worker.generation, generation!, `the generation of ${pods[ordinal]} after the restart of ${pod}`)
      t.deepEqual(taskNames(worker), taskNames(last[ordinal]!), `the tasks of ${pods[ordinal]} after the restart of ${pod}`)
      // Its log says why.
      if (worker.rewinds !== last[ordinal]!.rewinds && ordinal !== victim) t.log(await namespace.kubectl(['logs', pods[ordinal]!, '--tail=40']))
      if (ordinal !== victim) t.deepEqual(tenure(worker), tenure(last[ordinal]!), `${pods[ordinal]} was not disturbed by the restart of ${pod}`)
    }
    t.not(now[victim]!.memberId, last[victim]!.memberId, `${pod} did join again`)
    last = now
  }

  const records = await readGroupRecords(job.applicationId)
  const after = records.slice(recordsBefore.length - 1)
  t.true(after.length > workers, 'the broker has noted each return')
  t.deepEqual([...new Set(after.map((record) => record?.generation))], [generation])
  t.deepEqual(
    records
      .at(-1)
      ?.members.map(({ groupInstanceId }) => groupInstanceId)
      .toSorted(),
    pods,
  )
})

/** The status of every worker once all their tasks run in one generation, and have come through the first commits, which may meet topics that are still new. */
async function settled(namespace: Namespace, pods: readonly string[]): Promise<readonly WorkerStatus[] | false> {
  const all = await Promise.all(pods.map((pod) => statusOf(namespace, pod)))
  const runs = (task: WorkerStatus['tasks'][number]): boolean => task.state === 'running' && Number(task.commitNumber) >= 3
  const run = all.every(({ state, tasks }) => state === 'running' && tasks.length > 0 && tasks.every(runs))
  return run && new Set(all.map(({ generation }) => generation)).size === 1 && all
}

/** The same, once each worker has committed records beyond those of an earlier look in each of its tasks. */
async function working(namespace: Namespace, pods: readonly string[], earlier: readonly WorkerStatus[]): Promise<readonly WorkerStatus[] | false> {
  const all = await Promise.all(pods.map((pod) => statusOf(namespace, pod)))
  const offsets = new Map(earlier.flatMap(({ tasks }) => tasks.map(({ partition, committedOffset }) => [partition, Number(committedOffset)])))
  const works = ({ state, tasks }: WorkerStatus): boolean =>
    state === 'running' &&
    tasks.length > 0 &&
    tasks.every((task) => task.state === 'running' && Number(task.committedOffset) > offsets.get(task.partition)!)
  return all.every(works) && all
}

async function statusOf(namespace: Namespace, pod: string): Promise<WorkerStatus> {
  return WorkerStatus.parse(await namespace.fetchJson(pod, ports.control, '/status'))
}

const taskNames = ({ tasks }: WorkerStatus): readonly string[] => tasks.map(({ partition }) => String(partition)).toSorted()

/** What stays as it is while a worker keeps its tasks. */
function tenure({ memberId, rewinds, tasks }: WorkerStatus): object {
  const held = tasks.map(({ stage, partition, since }) => ({ stage, partition, since }))
  return { memberId, rewinds, held: held.toSorted((a, b) => a.partition - b.partition) }
}

/** Kills the worker's process, waits until its container is back and ready in the same pod, and says how long that took, in milliseconds. */
async function restart(namespace: Namespace, pod: string): Promise<number> {
  const before = await namespace.get('pod', pod)
  if (before === null) throw new Error(`there is no pod ${pod}`)
  killPodProcesses(before.metadata.uid)
  const killed = performance.now()
  const isBack = async (): Promise<boolean> => {
    const now = await namespace.get('pod', pod)
    if (now?.metadata.uid !== before.metadata.uid) throw new Error(`the pod ${pod} was replaced`)
    const { ready, restartCount } = containerOf(now)
    if (ready && restartCount === containerOf(before).restartCount + 1) return true
    throw new Error(`its container: ${JSON.stringify(containerOf(now))}`)
  }
  await eventually(isBack, { timeoutMs: 90_000, what: `${pod} ready after its restart` })
  return performance.now() - killed
}

function containerOf(pod: KubeJson | null): { readonly ready: boolean; readonly restartCount: number } {
  const [container] = (pod?.status?.['containerStatuses'] ?? []) as readonly { readonly ready: boolean; readonly restartCount: number }[]
  return container ?? { ready: false, restartCount: -1 }
}
