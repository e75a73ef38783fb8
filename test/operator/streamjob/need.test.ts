import test from 'ava'
import type { JobRecord } from '../../../runtime/protocol.ts'
import { partitionsOf } from '../../../runtime/protocol.ts'
import { identityProblem, nextRecord, ordinals } from '../../../operator/streamjob/operations/job-record.ts'
import { neededOperation, type NeedInput } from '../../../operator/streamjob/operations/need.ts'

const identity = { uid: 'u', kubernetesCluster: 'k', kafkaCluster: 'c' }
const stages = [{ name: 's', sourceTopic: 'in', partitions: 4, changelogId: 'a' }]
const record: JobRecord = {
  formatVersion: 1,
  identity,
  epoch: 3,
  lineage: 1,
  planFingerprint: 'f',
  codeHash: 'code',
  parallelism: 2,
  stages,
  mode: 'run',
  operationId: 'start-3',
  restoresDone: [],
  standbys: 0,
}
const settled: NeedInput = {
  suspend: false,
  parallelism: 2,
  standbys: 0,
  wanted: { hash: 'h', codeHash: 'code', fingerprint: 'f' },
  record,
  identity,
  stages,
  statefulSet: { replicas: 2, releaseHash: 'h', volumeSize: null },
  volumeSize: null,
}

const has = (volumeSize: string, replicas = 2) => ({ replicas, releaseHash: 'h', volumeSize })

const cases: readonly (readonly [what: string, change: Partial<NeedInput>, need: string | null])[] = [
  ['a job that is as wanted needs nothing', {}, null],
  ['a new job is started', { record: null, statefulSet: null }, 'Start 0 to 2'],
  ['a new job whose topics are missing waits', { record: null, statefulSet: null, stages: null }, null],
  ['a new job that is to be suspended is not started', { record: null, statefulSet: null, suspend: true }, null],
  ['a job without a program that could be planned is left as it is', { wanted: null, parallelism: 5 }, null],
  ['another size is a rescale', { parallelism: 3 }, 'Rescale 2 to 3'],
  [
    'a smaller size is a rescale, from all that there may be',
    { parallelism: 1, statefulSet: { replicas: 3, releaseHash: 'h', volumeSize: null } },
    'Rescale 3 to 1',
  ],
  [
    'a StatefulSet that somebody scaled by hand is scaled back',
    { statefulSet: { replicas: 5, releaseHash: 'h', volumeSize: null } },
    'Rescale 5 to 2',
  ],
  ['a size may change while a topic is missing', { parallelism: 3, stages: null }, 'Rescale 2 to 3'],
  ['another release is an upgrade, with the new size', { wanted: { hash: 'h2', codeHash: 'x', fingerprint: 'g' }, parallelism: 1 }, 'Upgrade 2 to 1'],
  ['an upgrade waits for its topics', { wanted: { hash: 'h2', codeHash: 'x', fingerprint: 'g' }, stages: null }, null],
  ['suspension comes before everything else', { suspend: true, parallelism: 9, wanted: null }, 'Suspend 2 to 2'],
  [
    'a suspended job needs nothing',
    { suspend: true, record: { ...record, mode: 'stop' }, statefulSet: { replicas: 0, releaseHash: 'h', volumeSize: null } },
    null,
  ],
  ['a suspended job that still has pods is suspended again', { suspend: true, record: { ...record, mode: 'stop' } }, 'Suspend 2 to 2'],
  [
    'a suspended job is resumed',
    { record: { ...record, mode: 'stop' }, statefulSet: { replicas: 0, releaseHash: 'h', volumeSize: null } },
    'Start 2 to 2',
  ],
  ['a StatefulSet that was deleted is made again', { statefulSet: null }, 'Start 2 to 2'],
  ['new partitions are taken on with a new record', { stages: [{ ...stages[0]!, partitions: 6 }] }, 'Rescale 2 to 2'],
  ['other standbys are ordered with a new record', { standbys: 1 }, 'Rescale 2 to 2'],
  ['a larger volume grows', { volumeSize: '2Gi', statefulSet: has('1Gi') }, 'GrowVolumes 2 to 2'],
  ['the same size in other words is the same', { volumeSize: '1024Mi', statefulSet: has('1Gi') }, null],
  ['a size comes before larger volumes', { parallelism: 3, volumeSize: '2Gi', statefulSet: has('1Gi') }, 'Rescale 2 to 3'],
  [
    'a suspended job grows when it goes on',
    { suspend: true, record: { ...record, mode: 'stop' }, volumeSize: '2Gi', statefulSet: has('1Gi', 0) },
    null,
  ],
  ['an adopted job gets a record with its new identity', { identity: { ...identity, uid: 'v' } }, 'Rescale 2 to 2'],
]

for (const [what, change, expected] of cases) {
  test(what, (t) => {
    const need = neededOperation({ ...settled, ...change })
    t.is(need === null ? null : `${need.kind} ${need.from} to ${need.to}`, expected)
  })
}

const order = { identity, planFingerprint: 'f', codeHash: 'code', stages, parallelism: 2, standbys: 0, mode: 'run' as const, operationId: 'start-3' }

test('the record rises by one with every change, and not without one', (t) => {
  t.is(nextRecord(null, order).epoch, 1)
  t.is(nextRecord(record, order), record)
  t.is(nextRecord(record, { ...order, parallelism: 3 }).epoch, 4)
  t.is(nextRecord(record, { ...order, operationId: 'rescale-4' }).epoch, 4)
})

test('a record keeps lineage and restores of the one before it', (t) => {
  const before = { ...record, lineage: 5, restoresDone: ['r1'] }
  t.like(nextRecord(before, { ...order, mode: 'stop' }), { lineage: 5, restoresDone: ['r1'], epoch: 4 })
})

test('partitions that come later are told from those that the job began with', (t) => {
  t.deepEqual(partitionsOf(null, 1, stages[0]!, 4), { partitions: 4 })
  t.deepEqual(partitionsOf(record, 1, stages[0]!, 4), { partitions: 4 })
  const grown = partitionsOf(record, 1, stages[0]!, 6)
  t.deepEqual(grown, { partitions: 6, partitionsAtStart: 4 })
  const again = { ...record, stages: [{ ...stages[0]!, ...grown }] }
  t.deepEqual(partitionsOf(again, 1, stages[0]!, 8), { partitions: 8, partitionsAtStart: 4 })
  t.deepEqual(partitionsOf(again, 2, stages[0]!, 8), { partitions: 8 })
  t.deepEqual(partitionsOf(again, 1, { name: 's', sourceTopic: 'another' }, 8), { partitions: 8 })
})

test('other brokers, another cluster and another resource are told apart', (t) => {
  t.is(identityProblem(identity, identity), null)
  t.is(identityProblem({ ...identity, uid: 'v' }, identity), 'ResourceReplaced')
  t.is(identityProblem({ ...identity, kubernetesCluster: 'v', uid: 'v' }, identity), 'KubernetesClusterChanged')
  t.is(identityProblem({ ...identity, kafkaCluster: 'v', uid: 'v' }, identity), 'KafkaClusterChanged')
})

test('the ordinals that go are those from the new size on', (t) => {
  t.deepEqual(ordinals(1, 4), [1, 2, 3])
  t.deepEqual(ordinals(4, 1), [])
})
