/**
 * The workers' volumes under load, where a kubelet mounts them: a worker that comes back reads its snapshot and the end of the changelog, one whose volume is
 * lost reads all of it, and claims come, grow and go as operator/docs/volumes.md says.
 */
import test from 'ava'
import { readCommitted } from '../support/broker.ts'
import { kubectl } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { compareCoordinates, compareResults, expectedOf } from './oracle.ts'
import { startOrders } from './orders-process.ts'
import { revenueJob } from './revenue-job.ts'
import { Site, isTrue } from './site.ts'
import { VolumeView } from './volume-view.ts'

/** The console consumer ends when nothing comes for so long: on a busy machine its start alone takes seconds. */
const idleMs = 15_000
/** In the changelogs of each worker before the first is killed: the end that a snapshot lacks is a small part of them. */
const changelogRecords = 3_000

test('a worker restores from its volume, and volumes are lost, grown and given back under load while each result is written once', async (t) => {
  t.timeout(6 * 60_000)
  await using site = await Site.open()
  const { namespace } = site
  const storageClassName = namespace.name
  await kubectl(['apply', '-f', '-'], JSON.stringify(expandableClass(storageClassName)))
  t.teardown(() => kubectl(['delete', 'storageclass', storageClassName]))
  const job = revenueJob({ namespace: namespace.name, parallelism: 2, commitInterval: '200ms' })
  await site.createTopics([job.input, job.output], 4)
  // The session is long enough for a pod to be replaced on a machine that has other things to do: tasks come back to where their snapshots lie.
  const processing = { commitInterval: '200ms', transactionTimeout: '15s', sessionTimeout: '60s' }
  const state = { volume: { size: '64Mi', storageClassName } }
  await namespace.apply({ ...job.manifest, spec: { ...job.manifest.spec, processing, state } })
  await using orders = startOrders(job.input, 500)
  await using volumes = await VolumeView.open(site, job)
  await site.ready(job.name, 2)
  const claims = await volumes.claims()
  t.deepEqual([...claims.keys()], ['state-revenue-0', 'state-revenue-1'])
  const filled = async (): Promise<boolean> => (await volumes.changelogRecords([0, 1, 2, 3])) >= 2 * changelogRecords
  await eventually(filled, { timeoutMs: 60_000, what: 'rows in the changelogs' })

  const first = await volumes.replacePod(0, { kill: true })
  t.is(first.partitions.length, 2)
  t.is(first.fromSnapshots, 2, 'both tasks came from their snapshots')
  t.true(first.changelogRows < first.changelogRecords / 5, `${first.changelogRows} rows of ${first.changelogRecords} records were read`)
  t.deepEqual(await volumes.claims(), claims)

  await namespace.kubectl(['delete', 'persistentvolumeclaim', 'state-revenue-1', '--wait=false'])
  const second = await volumes.replacePod(1)
  t.is(second.partitions.length, 2)
  t.is(second.fromSnapshots, 0, 'the new volume is empty')
  t.true(second.changelogRows > second.changelogRecords / 2, `${second.changelogRows} rows of ${second.changelogRecords} records were read`)
  t.log(`${first.changelogRows} of ${first.changelogRecords} read with a snapshot, ${second.changelogRows} of ${second.changelogRecords} without`)
  const renewed = await volumes.claims()
  t.is(renewed.get('state-revenue-0'), claims.get('state-revenue-0'))
  t.not(renewed.get('state-revenue-1'), claims.get('state-revenue-1'))

  await site.ready(job.name, 2)
  const before = await volumes.lives()
  const set = await namespace.get('statefulset', job.name)
  await namespace.patch('streamjob', job.name, { spec: { state: { volume: { size: '96Mi' } } } })
  await eventually(async () => new Set(await volumes.sizes()).isSubsetOf(new Set(['96Mi'])), { timeoutMs: 60_000, what: 'grown claims' })
  const isMadeAnew = async (): Promise<boolean> => {
    const uid = (await namespace.get('statefulset', job.name))?.metadata.uid
    return uid !== undefined && uid !== set?.metadata.uid
  }
  await eventually(isMadeAnew, { timeoutMs: 60_000, what: 'a StatefulSet that makes larger claims' })
  await site.ready(job.name, 2)
  t.deepEqual(await volumes.lives(), before, 'no worker was restarted')
  t.deepEqual(await volumes.claims(), renewed)

  await namespace.kubectl(['scale', 'streamjob', job.name, '--replicas=1'])
  await site.ready(job.name, 1)
  const isGivenBack = async (): Promise<boolean> => !(await volumes.claims()).has('state-revenue-1')
  await eventually(isGivenBack, { timeoutMs: 30_000, what: 'the claim of the removed worker gone' })
  t.deepEqual([...(await volumes.claims())], [['state-revenue-0', claims.get('state-revenue-0')]])
  t.deepEqual(await volumes.lives(), before.slice(0, 1))

  await orders.stop()
  const committed = await site.drained(job.applicationId, job.input)
  const [input, output, late, dead] = await Promise.all(
    [job.input, job.output, `${job.applicationId}.late`, `${job.applicationId}.dlq`].map((topic) => Array.fromAsync(readCommitted(topic, idleMs))),
  )
  const expected = expectedOf(job.windowedCount, input!, committed)
  t.log(`${expected.records} records, ${expected.results.size} results`)
  t.true(expected.results.size > 1_000, `${expected.results.size} results`)
  const exact = { missing: [], unexpected: [], duplicated: [] }
  t.deepEqual(compareResults(expected, output!), { ...exact, wrong: [] })
  t.deepEqual(compareCoordinates(expected.late, late!), exact)
  t.deepEqual(compareCoordinates(expected.dead.keys(), dead!), exact)

  const last = await namespace.get('streamjob', job.name)
  t.true(isTrue(last?.status, 'Ready'))
  await namespace.kubectl(['delete', 'streamjob', job.name, '--timeout=60s'])
  await eventually(async () => (await volumes.claims()).size === 0, { timeoutMs: 60_000, what: 'the claims gone' })
})

/** Of the native cluster's own volumes, which have no size: what is seen of growing is what the API server keeps. */
function expandableClass(name: string): object {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner: 'streamjob.dev/local',
    volumeBindingMode: 'WaitForFirstConsumer',
    reclaimPolicy: 'Delete',
    allowVolumeExpansion: true,
  }
}
