/** What members and leader tell each other, when somebody says something odd. */
import test from 'ava'
import { StreamJobError } from '../../../../runtime/errors.ts'
import { MemberAssignment } from '../../../../runtime/protocol.ts'
import type { JobRecord } from '../../../../runtime/protocol.ts'
import { describeAssignment, joinGroup, leaderAssignor } from '../../../../runtime/worker/group/membership.ts'
import { ScriptedKafka } from '../../../support/scripted-kafka.ts'

const record: JobRecord = {
  formatVersion: 1,
  identity: { uid: 'u', kubernetesCluster: 'k', kafkaCluster: 'c' },
  epoch: 5,
  lineage: 1,
  planFingerprint: 'p',
  codeHash: 'c',
  parallelism: 2,
  stages: [{ name: 'in', sourceTopic: 'in', partitions: 4, changelogId: 'x' }],
  mode: 'run',
  operationId: null,
  restoresDone: [],
  standbys: 0,
}

const introduction = (ordinal: number, epoch = 5): Buffer => Buffer.from(JSON.stringify({ formatVersion: 1, epoch, ordinal, owned: [] }))

function assigned(order: JobRecord | null, userData: readonly Buffer[]): readonly MemberAssignment[] {
  const members = userData.map((data, i) => ({ instanceId: `w-${i}`, memberId: `m-${i}`, userData: data }))
  return [...leaderAssignor(() => order)(members).values()].map((bytes) => MemberAssignment.parse(JSON.parse(bytes.toString())))
}

test('every member is told its tasks, the epoch, and who the members are', (t) => {
  const [first, second] = assigned(record, [introduction(0), introduction(1)])
  t.deepEqual(
    [first, second].map((one) => one?.tasks.length),
    [2, 2],
  )
  t.deepEqual({ epoch: second?.epoch, members: second?.members }, { epoch: 5, members: ['w-0', 'w-1'] })
})

for (const [what, odd] of Object.entries({
  'no metadata': Buffer.alloc(0),
  'metadata that is no JSON': Buffer.from([0xff, 0x00]),
  'metadata of a version to come': Buffer.from(JSON.stringify({ formatVersion: 2, epoch: 5, ordinal: 1, owned: [] })),
  'an ordinal that is none': introduction(-1),
})) {
  test(`a member with ${what} gets nothing, and the others get all`, (t) => {
    const [sound, strange] = assigned(record, [introduction(0), odd])
    t.is(sound?.tasks.length, 4)
    t.deepEqual(strange?.tasks, [])
  })
}

test('a leader that knows no record, or one that says stop, gives nobody anything', (t) => {
  t.deepEqual(assigned(null, [introduction(0)])[0], { formatVersion: 1, epoch: 0, introduced: 5, tasks: [], warm: [], members: ['w-0'] })
  t.deepEqual(assigned({ ...record, mode: 'stop' }, [introduction(0)])[0]?.tasks, [])
})

test('an empty assignment is of no epoch: the leader was restarted and knows nobody', async (t) => {
  const member = new ScriptedKafka().member({ groupId: 'g', instanceId: 'w-0', sessionTimeoutMs: 1, rebalanceTimeoutMs: 1, assign: () => new Map() })
  const joined = await joinGroup(member, { epoch: 5, ordinal: 0, owned: [], warm: [] })
  t.deepEqual({ epoch: joined.epoch, tasks: joined.tasks, members: joined.members }, { epoch: 0, tasks: [], members: [] })
})

test('an assignment of another program is an error that says so', async (t) => {
  const assign = (): ReadonlyMap<string, Buffer> => new Map([['w-0', Buffer.from('{"tasks":7}')]])
  const member = new ScriptedKafka().member({ groupId: 'g', instanceId: 'w-0', sessionTimeoutMs: 1, rebalanceTimeoutMs: 1, assign })
  const error = await t.throwsAsync(joinGroup(member, { epoch: 5, ordinal: 0, owned: [], warm: [] }), { instanceOf: StreamJobError })
  t.is(error?.code, 'kafka-protocol')
  t.regex(error?.message ?? '', /another application using this job's group/)
})

test('an assignment is described by the partitions of the source, and stages of another program are left out', (t) => {
  const assignment = { formatVersion: 1, epoch: 1, members: [], tasks: ['in', 'gone'].map((stage) => ({ stage, partition: 3 })) }
  const described = describeAssignment(
    { ...record, stages: [{ ...record.stages[0]!, sourceTopic: 'orders' }] },
    Buffer.from(JSON.stringify(assignment)),
  )
  t.deepEqual(described, [{ topic: 'orders', partition: 3 }])
})
