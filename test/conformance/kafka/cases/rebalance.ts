/** When a group makes a new generation, whom it waits for, and whom it gives up. */
import type { Behaviour } from '../suite.ts'

export function rebalanceCases(behaviour: Behaviour): void {
  behaviour('a leader that joins again makes a new generation, also with unchanged metadata', async (t, kafka) => {
    const group = await kafka.group()
    const [leader, follower] = await group.stable(2)
    const before = leader!.generation
    await Promise.all([leader!.rejoin(), group.rejoin([follower!])])
    t.deepEqual([leader!.generation, follower!.generation], [before + 1, before + 1])
  })

  behaviour('a follower that joins again with unchanged metadata is answered with the generation there is', async (t, kafka) => {
    const group = await kafka.group()
    const [leader, follower] = await group.stable(2)
    const before = follower!.generation
    t.like(await follower!.rejoin(), { error: 'NONE', generation: before, leaderId: leader!.memberId, members: [] })
    t.is(await follower!.sync(), 'share of w-1')
    t.is(await leader!.heartbeat(), 'NONE')
  })

  behaviour('a follower that joins again with changed metadata makes a new generation', async (t, kafka) => {
    const group = await kafka.group()
    const [leader, follower] = await group.stable(2)
    const before = follower!.generation
    await Promise.all([follower!.rejoin({ metadata: 'changed' }), group.rejoin([leader!])])
    t.deepEqual([leader!.generation, follower!.generation], [before + 1, before + 1])
  })

  behaviour('while the group waits for its members their heartbeats and syncs are answered with REBALANCE_IN_PROGRESS', async (t, kafka) => {
    const group = await kafka.group()
    const [first, second] = await group.stable(2)
    const joining = group.member('w-2').join()
    await group.rejoin([second!].slice(1))
    await kafka.until('the group rebalances', async () => (await first!.heartbeat()) === 'REBALANCE_IN_PROGRESS')
    t.is(await first!.sync(), 'REBALANCE_IN_PROGRESS')
    t.is(await first!.heartbeat({ generation: first!.generation - 1 }), 'ILLEGAL_GENERATION')
    await group.rejoin([first!, second!])
    t.like(await joining, { error: 'NONE', generation: first!.generation })
  })

  behaviour('between join and sync the old generation is refused, and heartbeats of the new one are accepted', async (t, kafka) => {
    const group = await kafka.group()
    const [leader, follower] = await group.stable(2)
    const before = leader!.generation
    await Promise.all([leader!.rejoin(), group.rejoin([follower!])])
    t.is(await follower!.heartbeat(), 'NONE')
    t.is(await follower!.heartbeat({ generation: before }), 'ILLEGAL_GENERATION')
    t.is(await follower!.sync({}, { generation: before }), 'ILLEGAL_GENERATION')
    t.is(await leader!.syncShares(), 'share of w-0')
    t.is(await follower!.syncShares(), 'share of w-1')
  })

  behaviour('somebody who joins while others wait in sync makes them join again', async (t, kafka) => {
    const group = await kafka.group()
    const [leader, follower] = await group.stable(2)
    await Promise.all([leader!.rejoin(), group.rejoin([follower!])])
    const waiting = follower!.sync()
    const joining = group.member('w-2').join()
    t.is(await waiting, 'REBALANCE_IN_PROGRESS')
    await group.rejoin([leader!, follower!])
    t.like(await joining, { error: 'NONE', generation: leader!.generation })
  })

  behaviour('a static member that does not join again is kept when the rebalance time-out is over', async (t, kafka) => {
    const group = await kafka.group()
    const [first, absent] = await group.stable(2, { rebalanceTimeoutMs: 1_000 })
    const began = kafka.now()
    const joined = await first!.rejoin({ rebalanceTimeoutMs: 1_000 })
    t.true(kafka.now() - began >= 950, `after ${kafka.now() - began} ms`)
    t.deepEqual(joined.members.map(({ instanceId, memberId }) => `${instanceId} ${memberId}`).toSorted(), [
      `w-0 ${first!.memberId}`,
      `w-1 ${absent!.memberId}`,
    ])
    t.is(await first!.syncShares(), 'share of w-0')
    t.is(await absent!.heartbeat(), 'ILLEGAL_GENERATION')
    t.is(await absent!.sync({}, { generation: joined.generation }), 'share of w-1')
  })

  behaviour('a leader that does not join again is replaced as leader, and stays a member', async (t, kafka) => {
    const group = await kafka.group()
    const [absent, second] = await group.stable(2, { rebalanceTimeoutMs: 1_000 })
    const joined = await second!.rejoin({ metadata: 'changed', rebalanceTimeoutMs: 1_000 })
    t.like(joined, { error: 'NONE', leaderId: second!.memberId })
    t.deepEqual(joined.members.map(({ instanceId }) => `${instanceId}`).toSorted(), ['w-0', 'w-1'])
    t.is(await second!.syncShares(), 'share of w-1')
    t.is(await absent!.heartbeat(), 'ILLEGAL_GENERATION')
  })

  behaviour('a member without an instance id that does not join again is removed when the rebalance time-out is over', async (t, kafka) => {
    const group = await kafka.group()
    const options = { rebalanceTimeoutMs: 1_000 }
    const [first] = await group.stable(1, options)
    const dynamic = group.member(null)
    const { memberId } = await dynamic.join(options)
    await Promise.all([dynamic.join({ memberId, ...options }), group.rejoin([first!], options)])
    await Promise.all([first!.syncShares(), dynamic.syncShares()])
    const { members } = await first!.rejoin(options)
    t.deepEqual(
      members.map(({ instanceId }) => instanceId),
      ['w-0'],
    )
    t.is(await dynamic.heartbeat(), 'UNKNOWN_MEMBER_ID')
  })

  behaviour('a member that has joined and does not sync is removed when the rebalance time-out is over, static or not', async (t, kafka) => {
    const group = await kafka.group()
    const options = { rebalanceTimeoutMs: 1_000 }
    const [leader, follower] = await group.stable(2, options)
    await Promise.all([leader!.rejoin(options), group.rejoin([follower!], options)])
    t.is(await follower!.sync(), 'REBALANCE_IN_PROGRESS', 'the leader has not synced')
    t.is(await leader!.heartbeat(), 'UNKNOWN_MEMBER_ID')
    const joined = await follower!.rejoin(options)
    t.deepEqual(
      joined.members.map(({ instanceId }) => instanceId),
      ['w-1'],
    )
  })
}
