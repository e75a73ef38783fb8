/** What a group makes of a static member that starts again, and of the one that it replaces. */
import { errorName } from '../client/errors.ts'
import type { Behaviour } from '../suite.ts'

export function staticMemberCases(behaviour: Behaviour): void {
  behaviour(
    'a follower that starts again inside of its session has a new member id, its generation and its assignment, and nobody notices',
    async (t, kafka) => {
      const group = await kafka.group()
      const [leader, old] = await group.stable(2)
      const restarted = group.member('w-1')
      const joined = await restarted.join()
      t.like(joined, { error: 'NONE', generation: old!.generation, leaderId: leader!.memberId, members: [] })
      t.not(joined.memberId, old!.memberId)
      t.is(await restarted.sync(), 'share of w-1')
      t.is(await leader!.heartbeat(), 'NONE')
      t.is(await restarted.heartbeat(), 'NONE')
    },
  )

  behaviour('a leader that starts again inside of its session is told its old member id as that of the leader, and no members', async (t, kafka) => {
    const group = await kafka.group()
    const [old, follower] = await group.stable(2)
    const restarted = group.member('w-0')
    const joined = await restarted.join()
    t.like(joined, { error: 'NONE', generation: old!.generation, leaderId: old!.memberId, members: [] })
    t.not(joined.memberId, old!.memberId)
    t.is(await restarted.sync(), 'share of w-0')
    t.is(await follower!.heartbeat(), 'NONE')
  })

  behaviour('a leader that has started again leads: it makes a new generation by joining again, and learns of the members', async (t, kafka) => {
    const group = await kafka.group()
    const [, follower] = await group.stable(2)
    const restarted = group.member('w-0')
    const { generation } = await restarted.join()
    await restarted.sync()
    const [joined] = await Promise.all([restarted.rejoin(), group.rejoin([follower!])])
    t.like(joined, { error: 'NONE', generation: generation + 1, leaderId: restarted.memberId })
    t.is(joined.members.length, 2)
  })

  behaviour('changed metadata of a static member that starts again goes unnoticed until somebody makes a new generation', async (t, kafka) => {
    const group = await kafka.group()
    const [leader, old] = await group.stable(2)
    const restarted = group.member('w-1')
    t.like(await restarted.join({ metadata: 'changed' }), { error: 'NONE', generation: old!.generation })
    t.is(await restarted.sync(), 'share of w-1')
    t.is(await leader!.heartbeat(), 'NONE')
    const [joined] = await Promise.all([leader!.rejoin(), group.rejoin([restarted], { metadata: 'changed' })])
    t.is(joined.members.find(({ instanceId }) => instanceId === 'w-1')?.metadata, 'changed')
  })

  behaviour('metadata that a restarted member brought is known: with the same again it makes no new generation', async (t, kafka) => {
    const group = await kafka.group()
    const [leader, old] = await group.stable(2)
    const restarted = group.member('w-1')
    await restarted.join({ metadata: 'changed' })
    t.like(await restarted.rejoin({ metadata: 'changed' }), { error: 'NONE', generation: old!.generation })
    t.is(await leader!.heartbeat(), 'NONE')
  })

  behaviour('an instance that was replaced is refused on each request with FENCED_INSTANCE_ID, and disturbs nobody', async (t, kafka) => {
    const topic = await kafka.topic()
    const group = await kafka.group()
    const [, old] = await group.stable(2)
    const restarted = group.member('w-1')
    await restarted.join()
    t.is(await old!.heartbeat(), 'FENCED_INSTANCE_ID')
    t.is(await old!.sync(), 'FENCED_INSTANCE_ID')
    t.is((await old!.rejoin()).error, 'FENCED_INSTANCE_ID')
    t.is(await group.evict({ memberId: old!.memberId, instanceId: 'w-1' }), 'NONE,FENCED_INSTANCE_ID')
    const producer = await kafka.producer()
    t.is(await producer.addAndCommitOffset(old!.identity, topic.at(0), 1), 'FENCED_INSTANCE_ID')
    t.is(await restarted.heartbeat(), 'NONE')
    t.is(await restarted.sync(), 'share of w-1')
  })

  behaviour('an instance that is replaced while it waits in a join is answered with FENCED_INSTANCE_ID', async (t, kafka) => {
    const group = await kafka.group()
    const [leader, old] = await group.stable(2)
    const waiting = old!.rejoin({ metadata: 'changed' })
    await kafka.until('the group rebalances', async () => (await leader!.heartbeat()) === 'REBALANCE_IN_PROGRESS')
    const restarted = group.member('w-1')
    const joining = restarted.join()
    t.is((await waiting).error, 'FENCED_INSTANCE_ID')
    await group.rejoin([leader!])
    t.like(await joining, { error: 'NONE', generation: leader!.generation })
  })

  behaviour('an instance that is replaced while it waits in a sync is answered with FENCED_INSTANCE_ID', async (t, kafka) => {
    const group = await kafka.group()
    const [leader, old] = await group.stable(2)
    await Promise.all([leader!.rejoin(), group.rejoin([old!])])
    const waiting = old!.sync()
    const joining = group.member('w-1').join()
    t.is(await waiting, 'FENCED_INSTANCE_ID')
    await group.rejoin([leader!])
    t.like(await joining, { error: 'NONE', generation: leader!.generation })
  })

  behaviour('requests that claim another instance id than the member has are refused', async (t, kafka) => {
    const group = await kafka.group()
    const [first] = await group.stable(2)
    t.is(await first!.heartbeat({ instanceId: 'w-1' }), 'FENCED_INSTANCE_ID')
    t.is(await first!.heartbeat({ instanceId: 'w-9' }), 'UNKNOWN_MEMBER_ID')
    t.is(await first!.heartbeat({ instanceId: null }), 'NONE')
    const { error } = await kafka.channel.heartbeat(group.node, { ...first!.identity, memberId: '' })
    t.is(errorName(error), 'FENCED_INSTANCE_ID')
  })
}
