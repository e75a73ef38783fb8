/** Static membership on a real broker. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import type { GroupMember, KafkaClient, MemberOptions } from '../../../runtime/kafka/client.ts'
import { eventually } from '../../support/eventually.ts'
import { brokers, uniqueName } from '../../support/kafka.ts'
import { withStockAdmin } from '../../support/stock-kafka.ts'
import { codeOf, connect } from './broker.ts'

const nothing = Buffer.alloc(0)

for (const victim of ['leader', 'follower'] as const) {
  test(`a ${victim} that restarts inside of its session comes back with the same generation and assignment, and nobody else notices`, async (t) => {
    const { group, first, second } = await pair(t)
    const [gone, stays] = victim === 'leader' ? [first, second] : [second, first]
    await gone.member[Symbol.asyncDispose]()
    const again = group(gone.instanceId)
    const { identity, assignment, instances } = await again.join(Buffer.from('other words'))
    t.is(identity.generation, gone.identity.generation)
    t.not(identity.memberId, gone.identity.memberId)
    t.is(String(assignment), gone.assignment)
    t.deepEqual(instances, ['w-0', 'w-1'])
    t.is(stays.member.state, 'stable')
    t.is(stays.member.identity?.generation, stays.identity.generation)
  })
}

test('an instance that was replaced learns of it by its next heartbeat', async (t) => {
  const { group, first } = await pair(t)
  const heir = group(first.instanceId)
  await heir.join(nothing)
  await first.member.changed()
  t.is(first.member.state, 'fenced')
  t.is(await codeOf(first.member.join(nothing)), 'member-fenced')
  t.is(heir.state, 'stable')
})

test('joining again makes a new generation, whoever asks for it', async (t) => {
  const { first, second } = await pair(t)
  for (const [asks, hears] of [
    [first, second],
    [second, first],
  ] as const) {
    const before = asks.member.identity!.generation
    const joining = asks.member.join(nothing)
    await hears.member.changed()
    t.is(hears.member.state, 'rebalancing')
    const [a, b] = await Promise.all([joining, hears.member.join(nothing)])
    t.is(a.identity.generation, before + 1)
    t.is(b.identity.generation, before + 1)
  }
})

test('a member that is evicted by its instance id is gone at once', async (t) => {
  const { client, groupId, first, second } = await pair(t)
  await second.member[Symbol.asyncDispose]()
  const channel = client.transport.channel()
  const { node } = await channel.findCoordinator('group', groupId)
  const answer = await channel.leaveGroup(node, { groupId, members: [{ memberId: '', instanceId: second.instanceId }] })
  t.deepEqual([answer.error, ...answer.members.map((member) => member.error)], [0, 0])
  await first.member.changed()
  const { instances, identity } = await first.member.join(nothing)
  t.deepEqual(instances, ['w-0'])
  t.true(identity.generation > first.identity.generation)
})

test('a member whose session ended is lost to the group, and a late return starts a new generation', async (t) => {
  const { group, first, second } = await pair(t, { sessionTimeoutMs: 2_000 })
  await second.member[Symbol.asyncDispose]()
  await first.member.changed()
  t.deepEqual((await first.member.join(nothing)).instances, ['w-0'])
  const late = group(second.instanceId).join(nothing)
  await first.member.changed()
  const [{ instances }] = await Promise.all([late, first.member.join(nothing)])
  t.deepEqual(instances, ['w-0', 'w-1'])
})

test('an evicted member that still lives learns that it is lost, and may join anew', async (t) => {
  const { client, groupId, first, second } = await pair(t)
  const channel = client.transport.channel()
  const { node } = await channel.findCoordinator('group', groupId)
  await channel.leaveGroup(node, { groupId, members: [{ memberId: '', instanceId: second.instanceId }] })
  await second.member.changed()
  t.is(second.member.state, 'lost')
  const [joined] = await Promise.all([second.member.join(nothing), first.member.changed().then(() => first.member.join(nothing))])
  t.is(joined.assignment.length > 0, true)
})

test('the tools of Kafka can describe the group and the partitions of its members', async (t) => {
  const client = connect(t)
  const groupId = uniqueName(t)
  const member = client.member({
    groupId,
    instanceId: 'w-0',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 3_000,
    assign: () => new Map([['w-0', Buffer.from('secret')]]),
    describe: () => [{ topic: 'orders', partition: 3 }],
  })
  const { assignment } = await member.join(nothing)
  t.is(String(assignment), 'secret')
  const { groups } = await withStockAdmin(brokers(), (admin) => admin.describeGroups([groupId]))
  t.like(groups[0], { state: 'Stable', protocolType: 'consumer', protocol: 'streamjob' })
  const bytes = groups[0]!.members[0]!.memberAssignment
  t.true(bytes.includes('orders'))
})

interface Joined {
  readonly instanceId: string
  readonly member: GroupMember
  readonly identity: NonNullable<GroupMember['identity']>
  readonly assignment: string
}

/** Two members, the first of them leader, both stable in one generation. */
async function pair(t: ExecutionContext, more: Partial<MemberOptions> = {}) {
  const client = connect(t)
  const groupId = uniqueName(t)
  const group = memberFactory(client, groupId, more)
  const members = [group('w-0'), group('w-1')] as const
  await members[0].join(nothing)
  const joining = members[1].join(nothing)
  await members[0].changed()
  const [first, second] = await Promise.all([members[0].join(nothing), joining])
  t.is(first.identity.generation, second.identity.generation)
  t.deepEqual([String(first.assignment), String(second.assignment)], ['share 0 of 2', 'share 1 of 2'])
  await eventually(() => members.every((member) => member.state === 'stable'))
  const joined = (i: 0 | 1, { identity, assignment }: typeof first): Joined => ({
    instanceId: `w-${i}`,
    member: members[i],
    identity,
    assignment: String(assignment),
  })
  return { client, groupId, group, first: joined(0, first), second: joined(1, second) }
}

function memberFactory(client: KafkaClient, groupId: string, more: Partial<MemberOptions>): (instanceId: string) => GroupMember {
  return (instanceId) =>
    client.member({
      groupId,
      instanceId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 3_000,
      assign: (members) => new Map(members.map((member, i) => [member.instanceId, Buffer.from(`share ${i} of ${members.length}`)])),
      ...more,
    })
}
