/** How long a group waits for a member that is not heard of, and what keeps a member. */
import type { JoinOptions } from '../client/group.ts'
import type { KafkaUnderTest } from '../client/kafka.ts'
import type { Behaviour } from '../suite.ts'

export function sessionsCases(behaviour: Behaviour): void {
  behaviour('a member that is silent for its session is removed, and the others rebalance', async (t, kafka) => {
    const { group, first, second } = await withShortSession(kafka)
    const began = kafka.now()
    await kafka.until('the group rebalances', async () => (await first.heartbeat()) === 'REBALANCE_IN_PROGRESS')
    t.true(kafka.now() - began >= 800, `after ${kafka.now() - began} ms`)
    const { members } = await first.rejoin()
    t.deepEqual(
      members.map(({ instanceId }) => instanceId),
      ['w-0'],
    )
    t.is(await second.heartbeat(), 'UNKNOWN_MEMBER_ID')
    t.is(await first.syncShares(), 'share of w-0')
    const late = second.join()
    await group.rejoin([first])
    t.like(await late, { error: 'NONE', generation: first.generation })
  })

  behaviour('heartbeats keep a session alive', async (t, kafka) => {
    const group = await kafka.group()
    const [member] = await group.stable(1, { sessionTimeoutMs: 1_000 })
    const began = kafka.now()
    await kafka.until('twice the session is over', async () => {
      t.is(await member!.heartbeat(), 'NONE')
      return kafka.now() - began > 2_000
    })
  })

  behaviour('a rebalance ends without a member whose session ends meanwhile', async (t, kafka) => {
    const { first, second } = await withShortSession(kafka)
    const began = kafka.now()
    const { members } = await first.rejoin()
    t.true(kafka.now() - began < 10_000, `after ${kafka.now() - began} ms`)
    t.deepEqual(
      members.map(({ instanceId }) => instanceId),
      ['w-0'],
    )
    t.is(await second.heartbeat(), 'UNKNOWN_MEMBER_ID')
  })

  behaviour('a rebalance ends at once without a member that is evicted meanwhile', async (t, kafka) => {
    const group = await kafka.group()
    const [first, second] = await group.stable(2)
    const joining = first!.rejoin()
    await kafka.until('the group rebalances', async () => (await second!.heartbeat()) === 'REBALANCE_IN_PROGRESS')
    t.is(await group.evict({ memberId: '', instanceId: 'w-1' }), 'NONE,NONE')
    t.is((await joining).members.length, 1)
  })

  behaviour('a member that starts again while the group rebalances takes part in it', async (t, kafka) => {
    const group = await kafka.group()
    const [first, second] = await group.stable(2)
    const joining = first!.rejoin()
    await kafka.until('the group rebalances', async () => (await second!.heartbeat()) === 'REBALANCE_IN_PROGRESS')
    const restarted = group.member('w-1')
    const [leader, follower] = await Promise.all([joining, restarted.join()])
    t.is(follower.generation, leader.generation)
    t.deepEqual(leader.members.map(({ memberId }) => memberId).toSorted(), [first!.memberId, restarted.memberId].toSorted())
    t.is(await second!.heartbeat(), 'FENCED_INSTANCE_ID')
  })

  behaviour('the group waits as long as its most patient member wants', async (t, kafka) => {
    const group = await kafka.group()
    const [first, second] = [group.member('w-0'), group.member('w-1')]
    await first.join({ rebalanceTimeoutMs: 500 })
    const joining = second.join({ rebalanceTimeoutMs: 2_000 })
    await group.rejoin([first], { rebalanceTimeoutMs: 500 })
    await joining
    await Promise.all([first.syncShares(), second.syncShares()])
    const began = kafka.now()
    t.is((await first.rejoin({ rebalanceTimeoutMs: 500 })).error, 'NONE')
    t.true(kafka.now() - began >= 1_900, `after ${kafka.now() - began} ms`)
  })

  behaviour('a member that waits in a join keeps its session', async (t, kafka) => {
    const { second } = await withShortSession(kafka, { rebalanceTimeoutMs: 2_500 })
    const began = kafka.now()
    const joined = await second.rejoin({ sessionTimeoutMs: 1_000, rebalanceTimeoutMs: 2_500, metadata: 'changed' })
    t.true(kafka.now() - began >= 2_400, `after ${kafka.now() - began} ms`)
    t.like(joined, { error: 'NONE', leaderId: second.memberId })
    t.is(await second.heartbeat(), 'NONE')
  })

  behaviour('a member that waits in a sync keeps its session', async (t, kafka) => {
    const { group, first, second } = await withShortSession(kafka, { rebalanceTimeoutMs: 2_500 })
    const joining = first.rejoin({ rebalanceTimeoutMs: 2_500 })
    await group.rejoin([second], { sessionTimeoutMs: 1_000, rebalanceTimeoutMs: 2_500 })
    await joining
    const began = kafka.now()
    t.is(await second.sync(), 'REBALANCE_IN_PROGRESS', 'the leader does not sync')
    t.true(kafka.now() - began >= 2_000, `after ${kafka.now() - began} ms`)
    t.is(await second.heartbeat(), 'REBALANCE_IN_PROGRESS')
  })

  behaviour('a session that ended is not there to come back to: the instance joins as a new one', async (t, kafka) => {
    const group = await kafka.group()
    const [member] = await group.stable(1, { sessionTimeoutMs: 1_000 })
    const before = member!.generation
    await kafka.target.timing.sleep(2_500)
    const joined = await group.member('w-0').join()
    t.is(joined.error, 'NONE')
    t.true(joined.generation > before)
    t.is(joined.members.length, 1)
  })

  behaviour('the session of a member that started again begins anew', async (t, kafka) => {
    const group = await kafka.group()
    const [member] = await group.stable(1, { sessionTimeoutMs: 1_500 })
    await kafka.target.timing.sleep(1_000)
    const restarted = group.member('w-0')
    t.like(await restarted.join({ sessionTimeoutMs: 1_500 }), { error: 'NONE', generation: member!.generation })
    await kafka.target.timing.sleep(1_000)
    t.is(await restarted.heartbeat(), 'NONE')
  })
}

/** Two members in one generation; the second one has a session of one second. */
async function withShortSession(kafka: KafkaUnderTest, options: JoinOptions = {}) {
  const group = await kafka.group()
  const [first, second] = [group.member('w-0'), group.member('w-1')]
  await first.join(options)
  const joining = second.join({ ...options, sessionTimeoutMs: 1_000 })
  await group.rejoin([first], options)
  await joining
  await Promise.all([first.syncShares(), second.syncShares()])
  return { group, first, second }
}
