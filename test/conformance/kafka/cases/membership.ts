/** How members join a group, what each is told, and what is refused. */
import type { Behaviour } from '../suite.ts'

export function membershipCases(behaviour: Behaviour): void {
  behaviour('a new member without an instance id is given a member id with MEMBER_ID_REQUIRED, and joins with that', async (t, kafka) => {
    const group = await kafka.group()
    const member = group.member(null)
    const first = await member.join()
    t.is(first.error, 'MEMBER_ID_REQUIRED')
    t.not(first.memberId, '')
    t.like(await member.join({ memberId: first.memberId }), { error: 'NONE', memberId: first.memberId, generation: 1, leaderId: first.memberId })
  })

  behaviour('a static member joins at once; alone it leads, and learns of itself with what it told', async (t, kafka) => {
    const group = await kafka.group()
    const member = group.member('w-0')
    const joined = await member.join({ metadata: 'about me' })
    t.like(joined, { error: 'NONE', generation: 1, leaderId: joined.memberId })
    t.deepEqual(joined.members, [{ memberId: joined.memberId, instanceId: 'w-0', metadata: 'about me' }])
    t.true(joined.memberId.startsWith('w-0'))
  })

  behaviour('only the leader learns of the members, and they get what it gives them', async (t, kafka) => {
    const group = await kafka.group()
    const [first, second] = [group.member('w-0'), group.member('w-1')]
    await first.join({ metadata: 'one' })
    const joining = second.join({ metadata: 'two' })
    await kafka.until('the group rebalances', async () => (await first.heartbeat()) === 'REBALANCE_IN_PROGRESS')
    const [leader, follower] = await Promise.all([first.rejoin({ metadata: 'one' }), joining])
    t.like(leader, { error: 'NONE', generation: 2, leaderId: first.memberId })
    t.like(follower, { error: 'NONE', generation: 2, leaderId: first.memberId, members: [] })
    t.deepEqual(leader.members.map(({ instanceId, metadata }) => `${instanceId}: ${metadata}`).toSorted(), ['w-0: one', 'w-1: two'])
    const [own, other] = await Promise.all([first.sync({ [first.memberId]: 'a', [second.memberId]: 'b' }), second.sync()])
    t.deepEqual([own, other], ['a', 'b'])
  })

  behaviour('who syncs before the leader waits for it; who syncs after it is answered at once; whom it forgot gets nothing', async (t, kafka) => {
    const group = await kafka.group()
    const [first, second] = await group.stable(2)
    await Promise.all([first!.rejoin(), group.rejoin([second!])])
    let answered = false
    const waiting = second!.sync().finally(() => (answered = true))
    t.is(await first!.heartbeat(), 'NONE')
    t.false(answered)
    t.is(await first!.sync({ [first!.memberId]: 'mine' }), 'mine')
    t.is(await waiting, '')
    t.is(await first!.sync(), 'mine')
  })

  behaviour(
    'heartbeats, syncs and joins of an unknown member are refused with UNKNOWN_MEMBER_ID, those of another generation with ILLEGAL_GENERATION',
    async (t, kafka) => {
      const group = await kafka.group()
      const [member] = await group.stable(1)
      const stranger = { memberId: 'nobody', instanceId: null }
      t.is(await member!.heartbeat(stranger), 'UNKNOWN_MEMBER_ID')
      t.is(await member!.sync({}, stranger), 'UNKNOWN_MEMBER_ID')
      t.is((await group.member(null).join({ memberId: 'nobody' })).error, 'UNKNOWN_MEMBER_ID')
      for (const generation of [member!.generation - 1, member!.generation + 1]) {
        t.is(await member!.heartbeat({ generation }), 'ILLEGAL_GENERATION')
        t.is(await member!.sync({}, { generation }), 'ILLEGAL_GENERATION')
      }
      t.is(await member!.heartbeat(), 'NONE')
    },
  )

  behaviour('a group that nobody has joined knows no member', async (t, kafka) => {
    const group = await kafka.group()
    t.is(await group.member('w-0').heartbeat({ memberId: 'nobody', generation: 1 }), 'UNKNOWN_MEMBER_ID')
    t.is((await group.member(null).join({ memberId: 'nobody' })).error, 'UNKNOWN_MEMBER_ID')
  })

  behaviour('a session outside of the bounds, an empty group id and another protocol are refused', async (t, kafka) => {
    const group = await kafka.group()
    const member = group.member('w-0')
    t.is((await member.join({ sessionTimeoutMs: 999 })).error, 'INVALID_SESSION_TIMEOUT')
    t.is((await member.join({ sessionTimeoutMs: 1_800_001 })).error, 'INVALID_SESSION_TIMEOUT')
    await group.stable(1)
    t.is((await group.member('w-1').join({ protocol: 'another' })).error, 'INCONSISTENT_GROUP_PROTOCOL')
    const request = { groupId: '', sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 1_000, memberId: '', instanceId: 'w-0', protocol: 'p' }
    const { error } = await kafka.channel.joinGroup(group.node, { ...request, metadata: Buffer.alloc(0) })
    t.is(error, 24)
  })

  behaviour('when all have left, the next generation is a later one', async (t, kafka) => {
    const group = await kafka.group()
    const [member] = await group.stable(1)
    const before = member!.generation
    t.is(await group.evict({ memberId: '', instanceId: 'w-0' }), 'NONE,NONE')
    t.is(await member!.heartbeat(), 'UNKNOWN_MEMBER_ID')
    const late = await member!.join()
    t.is(late.error, 'NONE')
    t.true(late.generation > before, `${late.generation} is later than ${before}`)
  })

  behaviour('a member is evicted by its instance id alone, and the others rebalance at once', async (t, kafka) => {
    const group = await kafka.group()
    const [first, second] = await group.stable(2)
    t.is(await group.evict({ memberId: '', instanceId: 'w-1' }), 'NONE,NONE')
    t.is(await first!.heartbeat(), 'REBALANCE_IN_PROGRESS')
    const { members, generation } = await first!.rejoin()
    t.deepEqual(
      members.map(({ instanceId }) => instanceId),
      ['w-0'],
    )
    t.is(generation, second!.generation + 1)
    t.is(await second!.heartbeat(), 'UNKNOWN_MEMBER_ID')
    t.is(await second!.sync(), 'UNKNOWN_MEMBER_ID')
  })

  behaviour(
    'an instance that is not in the group cannot be evicted: UNKNOWN_MEMBER_ID; one with another member id neither: FENCED_INSTANCE_ID',
    async (t, kafka) => {
      const group = await kafka.group()
      const [first] = await group.stable(1)
      t.is(await group.evict({ memberId: '', instanceId: 'w-7' }), 'NONE,UNKNOWN_MEMBER_ID')
      t.is(await group.evict({ memberId: 'another', instanceId: 'w-0' }), 'NONE,FENCED_INSTANCE_ID')
      t.is(await group.evict({ memberId: 'another', instanceId: null }), 'NONE,UNKNOWN_MEMBER_ID')
      t.is(await first!.heartbeat(), 'NONE')
    },
  )

  behaviour('several members are evicted together, each with an answer of its own', async (t, kafka) => {
    const group = await kafka.group()
    const [first] = await group.stable(3)
    const evicted = await group.evict({ memberId: '', instanceId: 'w-1' }, { memberId: '', instanceId: 'w-9' }, { memberId: '', instanceId: 'w-2' })
    t.is(evicted, 'NONE,NONE,UNKNOWN_MEMBER_ID,NONE')
    await group.rejoin([first!])
    t.is(await first!.syncShares(), 'share of w-0')
  })
}
