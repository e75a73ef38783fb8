/**
 * A job on a real cluster under steady load while workers, operator and broker are killed and the job is scaled: every result is written once. What must have
 * been written is recomputed by the oracle from what Kafka's own console consumer reads of the input, up to the committed offsets.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { Kafka, logLevel } from 'kafkajs'
import { Namespace, testSystem } from '../support/cluster.ts'
import type { KubeJson } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { readCommitted, restart } from '../support/broker.ts'
import { randomOf } from '../support/orders.ts'
import { killPodProcesses, podProcesses } from '../support/processes.ts'
import { assertTopicsLeft } from '../support/topics-left.ts'
import { OpenTransactions } from '../support/transactions.ts'
import { Oracle, compareCoordinates, compareResults } from './oracle.ts'
import type { PrintedRecord } from './oracle.ts'
import { revenueJob } from './revenue-job.ts'

const seed = Number(process.env['STREAMJOB_TEST_SEED'] ?? 1)
const loadSeconds = 185
const recordsPerSecond = 10_000
const countedKills = 5
/** The console consumer ends when nothing comes for so long: on a busy machine its start alone takes seconds. */
const idleMs = 15_000

test('results are written once while workers, operator and broker are killed and the job is scaled', async (t) => {
  t.timeout(15 * 60_000)
  t.log(`seed ${seed}`)
  const random = randomOf(seed)
  const namespace = await Namespace.create()
  const job = revenueJob({ namespace: namespace.name, parallelism: 1, commitInterval: '5s' })
  const admin = new Kafka({ brokers: [testSystem.kafka()], logLevel: logLevel.NOTHING }).admin()
  await using transactions = new OpenTransactions(testSystem.kafka())
  await admin.connect()
  t.teardown(() => admin.disconnect())
  const configEntries = [{ name: 'retention.ms', value: '-1' }]
  await admin.createTopics({ topics: [job.input, job.output].map((topic) => ({ topic, numPartitions: 4, configEntries })) })
  await namespace.apply(job.manifest)
  const generator = startOrders(job.input)
  t.teardown(() => generator.kill())
  const started = performance.now()

  const ready = (workers: number, timeoutMs = 120_000): Promise<unknown> => {
    const want = `${workers}/${workers}`
    const isReady = async (): Promise<boolean> =>
      (await namespace.get('streamjob', job.name))?.status?.['workers'] === want && (await namespace.hasCondition('streamjob', job.name, 'Ready'))
    return eventually(isReady, { timeoutMs, what: `${want} workers ready` })
  }
  /** Kills the worker in the middle of a transaction and waits until it is back. False: the transaction had ended when the kill came. */
  const kill = async (ordinal: number): Promise<boolean> => {
    const name = `${job.name}-${ordinal}`
    const id = `${job.applicationId}.worker.${ordinal}`
    const before = await eventually(async () => readyPod(await namespace.get('pod', name)), { timeoutMs: 60_000, what: `${name} ready` })
    await eventually(async () => (await transactions.list()).has(id), { timeoutMs: 60_000, what: `an open transaction of ${name}` })
    killPodProcesses(before.uid)
    const hit = (await transactions.list()).has(id)
    let replaced = false
    const isBack = async (): Promise<boolean> => {
      const pod = await namespace.get('pod', name)
      // The kubelet waits ever longer before it restarts a container; a pod that would be away for longer than its session is replaced.
      const backOff = /back-off (?:(\d+)m)?(?:(\d+)s)?/.exec(JSON.stringify(pod?.status ?? {}))
      if (!replaced && backOff !== null && Number(backOff[1] ?? 0) * 60 + Number(backOff[2] ?? 0) >= 20) {
        replaced = true
        await namespace.kubectl(['delete', 'pod', name, '--wait=false'])
      }
      const now = readyPod(pod)
      return now !== null && (now.uid !== before.uid || now.restarts > before.restarts)
    }
    await eventually(isBack, { timeoutMs: 90_000, what: `${name} back after its kill` })
    return hit
  }

  await ready(1)
  await namespace.kubectl(['scale', 'streamjob', job.name, '--replicas=3'])
  await ready(3)
  const faults = shuffled(['worker', 'worker', 'worker', 'worker', 'worker', 'operator', 'operator', 'broker'] as const, random)
  let kills = 0
  let victim = 0
  for (const fault of faults) {
    t.log(`${((performance.now() - started) / 1_000).toFixed(0)} s: ${fault}`)
    if (fault === 'operator') await killOperator()
    if (fault === 'broker') await restart(random() < 0.5 ? 'SIGTERM' : 'SIGKILL')
    if (fault === 'worker') {
      if (await kill(victim % 3)) kills += 1
      victim += 1
    }
    await ready(3)
  }
  for (; kills < countedKills; victim++) if (await kill(victim % 3)) kills += 1
  await ready(3)
  await namespace.kubectl(['scale', 'streamjob', job.name, '--replicas=2'])
  await ready(2)
  await pause(Math.max(0, loadSeconds * 1_000 - (performance.now() - started)))
  t.log(`${kills} kills hit an open transaction; the load ends after ${((performance.now() - started) / 1_000).toFixed(0)} s`)
  generator.kill('SIGTERM')
  await new Promise((resolve) => generator.once('close', resolve))

  const committed = await drained(admin, job)
  const oracle = new Oracle(job.windowedCount, committed)
  for await (const record of readCommitted(job.input, idleMs)) oracle.add(record)
  t.true(oracle.records >= recordsPerSecond * loadSeconds * 0.9, `${oracle.records} records were processed`)
  t.log(`${oracle.records} records, ${oracle.results.size} results, ${oracle.late.size} late, ${oracle.dead.size} dead letters`)
  const exact = { missing: [], unexpected: [], duplicated: [] }
  t.deepEqual(compareResults(oracle, await all(readCommitted(job.output, idleMs))), { ...exact, wrong: [] })
  t.deepEqual(compareCoordinates(oracle.late, await all(readCommitted(`${job.applicationId}.late`, idleMs))), exact)
  t.deepEqual(compareCoordinates(oracle.dead.keys(), await all(readCommitted(`${job.applicationId}.dlq`, idleMs))), exact)
  t.true(kills >= countedKills)

  await namespace.kubectl(['delete', 'streamjob', job.name, '--timeout=120s'])
  await assertTopicsLeft(t, admin, job.applicationId)
  t.deepEqual(
    [...(await transactions.list())].filter((id) => id.startsWith(`${job.applicationId}.`)),
    [],
  )
  await namespace.delete()
})

function startOrders(topic: string): ChildProcess {
  const script = new URL('./orders.ts', import.meta.url).pathname
  const args = ['--no-warnings', script, testSystem.kafka(), topic, String(recordsPerSecond), String(seed)]
  return spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** What tells one life of a pod's container from the next; null while it is not ready. */
function readyPod(pod: KubeJson | null): { readonly uid: string; readonly restarts: number } | null {
  const [container] = (pod?.status?.['containerStatuses'] ?? []) as readonly { readonly ready: boolean; readonly restartCount: number }[]
  return pod !== null && container?.ready === true && pod.metadata['deletionTimestamp'] === undefined
    ? { uid: pod.metadata.uid, restarts: container.restartCount }
    : null
}

async function killOperator(): Promise<void> {
  const operator = new Namespace(testSystem.operatorNamespace())
  const [pod] = await operator.list('pods', 'app.kubernetes.io/component=operator')
  if (pod === undefined) throw new Error('There is no operator to kill.')
  await eventually(() => podProcesses(pod.metadata.uid).length > 0, { timeoutMs: 120_000, what: 'the operator running' })
  killPodProcesses(pod.metadata.uid)
}

/** Waits until the group has committed all of the input, and gives its offsets. */
function drained(admin: ReturnType<Kafka['admin']>, job: { readonly applicationId: string; readonly input: string }): Promise<Map<number, number>> {
  return eventually(
    async () => {
      const ends = await admin.fetchTopicOffsets(job.input)
      const [found] = await admin.fetchOffsets({ groupId: job.applicationId, topics: [job.input] })
      const committed = new Map(found?.partitions.map(({ partition, offset }) => [partition, Number(offset)]))
      return ends.every(({ partition, high }) => committed.get(partition) === Number(high)) && committed
    },
    { timeoutMs: 180_000, what: 'the whole input committed' },
  )
}

async function all(records: AsyncIterable<PrintedRecord>): Promise<PrintedRecord[]> {
  return Array.fromAsync(records)
}

function shuffled<A>(items: readonly A[], random: () => number): A[] {
  return items
    .map((item) => ({ item, rank: random() }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ item }) => item)
}
