import test from 'ava'
import { JobRecord } from '../../../../runtime/protocol.ts'
import { refusalOf } from '../../../../runtime/worker/group/refusal.ts'

const record = JobRecord.parse({
  formatVersion: 1,
  identity: { uid: 'u', kubernetesCluster: 'k', kafkaCluster: 'c' },
  epoch: 3,
  lineage: 1,
  planFingerprint: 'p',
  codeHash: 'c',
  parallelism: 2,
  stages: [],
  mode: 'run',
  operationId: null,
  restoresDone: [],
})
const worker = { codeHash: 'c', ordinal: 1, jobUid: 'u' }

for (const [title, change, expected] of [
  ['a worker of the job, of its code and below its parallelism works', {}, null],
  ['a worker that is not told whose it is works for whoever the record names', { jobUid: null }, null],
  [
    'a worker of another StreamJob touches nothing',
    { jobUid: 'other' },
    { code: 'identity-conflict', reason: 'the job record in Kafka belongs to the StreamJob with uid u, this worker to other' },
  ],
  ['a worker of other code does not work', { codeHash: 'd' }, { code: 'code-mismatch', reason: "this worker's code is d, the job record names c" }],
  ['a worker beyond the parallelism waits', { ordinal: 2 }, { code: null, reason: 'ordinal 2 is beyond the parallelism of 2' }],
] as const) {
  test(title, (t) => t.deepEqual(refusalOf(record, { ...worker, ...change }), expected))
}

test('nobody works while the job is suspended', (t) => {
  t.deepEqual(refusalOf({ ...record, mode: 'stop' }, worker), { code: null, reason: 'the job is suspended' })
})
