/** What a group goes through when its coordinator moves, and what takes longer than a conformance suite would wait. */
import test from 'ava'
import type { JoinGroupAnswer, JoinGroupRequest } from '../../../../runtime/kafka/transport.ts'
import { World } from './world.ts'

const groupId = 'g'

/** One process that may be a member. */
class Player {
  readonly #instanceId: string | null
  readonly #channel
  memberId = ''
  generation = -1

  constructor(world: World, instanceId: string | null) {
    this.#instanceId = instanceId
    this.#channel = world.openChannel()
  }

  async join(change: Partial<JoinGroupRequest> = {}): Promise<JoinGroupAnswer> {
    const { node } = await this.#channel.findCoordinator('group', groupId)
    const timeouts = { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 3_000 }
    const answer = await this.#channel.joinGroup(node, {
      groupId,
      instanceId: this.#instanceId,
      memberId: this.memberId,
      protocol: 'test',
      metadata: Buffer.from('m'),
      ...timeouts,
      ...change,
    })
    if (answer.error === 0 || answer.error === 79) this.memberId = answer.memberId
    if (answer.error === 0) this.generation = answer.generation
    return answer
  }

  async sync(members: readonly Player[] = []): Promise<{ readonly error: number; readonly share: string }> {
    const { node } = await this.#channel.findCoordinator('group', groupId)
    const assignments = members.map(({ memberId }, i) => ({ memberId, assignment: Buffer.from(`share ${i}`) }))
    const { error, assignment } = await this.#channel.syncGroup(node, { ...this.#identity, assignments })
    return { error, share: assignment.toString() }
  }

  async beat(): Promise<number> {
    const { node } = await this.#channel.findCoordinator('group', groupId)
    return (await this.#channel.heartbeat(node, this.#identity)).error
  }

  get #identity() {
    return { groupId, generation: this.generation, memberId: this.memberId, instanceId: this.#instanceId }
  }
}

/** Two static members in a stable group; the first leads. */
async function stable(world: World): Promise<readonly [Player, Player]> {
  const [a, b] = [new Player(world, 'a'), new Player(world, 'b')]
  const first = await world.passing(a.join())
  const [again, second] = await world.passing(Promise.all([world.process.timing.sleep(10).then(() => a.join()), b.join()]))
  if (first.error !== 0 || again.error !== 0 || second.error !== 0) throw new Error('The group does not come about')
  await world.passing(Promise.all([a.sync([a, b]), b.sync()]))
  return [a, b]
}

test('a coordinator that takes over knows the members of the stable group and gives each a new session', async (t) => {
  const world = new World({ nodes: 2, settings: { coordinatorLoadMs: [100, 101] } })
  const [a, b] = await stable(world)
  await world.pass(9_000)
  world.cluster.moveCoordinator('group', groupId)
  // Kafka answers so while it loads: blindly.
  t.is(await world.passing(a.beat()), 0)
  await world.pass(9_000)
  t.is(await world.passing(a.beat()), 0)
  t.is(await world.passing(b.beat()), 0)
  t.deepEqual(await world.passing(b.sync()), { error: 0, share: 'share 1' })
})

test('a coordinator that takes over knows nothing of a rebalance under way: who waits is sent away, the old generation goes on', async (t) => {
  const world = new World({ nodes: 2, settings: { coordinatorLoadMs: [10, 11] } })
  const [a, b] = await stable(world)
  const { generation } = a
  const joining = new Player(world, 'c').join()
  await world.pass(100)
  t.is(await world.passing(a.beat()), 27)
  world.cluster.moveCoordinator('group', groupId)
  t.is((await world.passing(joining)).error, 16)
  await world.pass(20)
  t.is(await world.passing(a.beat()), 0)
  t.is(await world.passing(b.beat()), 0)
  t.like(world.cluster.group(groupId), { generation, state: 'Stable' })
  t.is(world.cluster.group(groupId)?.members.length, 2)
})

test('a generation that was joined but not synced is unknown to the next coordinator', async (t) => {
  const world = new World({ nodes: 2, settings: { coordinatorLoadMs: [10, 11] } })
  const alone = new Player(world, 'a')
  await world.passing(alone.join())
  world.cluster.moveCoordinator('group', groupId)
  await world.pass(100)
  t.is((await world.passing(alone.sync([alone]))).error, 25)
  t.like(world.cluster.group(groupId), { state: 'Empty', generation: 0 })
})

test('a static member that is silent is in the group until its session ends, and then the others rebalance', async (t) => {
  const world = new World()
  const events: string[] = []
  const [a] = await stable(world)
  world.cluster.onGroup(({ kind, instanceId }) => events.push(`${kind} ${instanceId ?? ''}`))
  const errors = new Map<number, number>()
  while (!errors.has(27)) {
    await world.pass(500)
    const error = await world.passing(a.beat())
    if (!errors.has(error)) errors.set(error, world.clock.now())
  }
  t.true(errors.get(27)! >= 10_000 && errors.get(27)! < 11_000, `${errors.get(27)} ms`)
  t.deepEqual(events, ['expired b', 'rebalance '])
})

test('a static member that does not join again keeps its place, and holds the others up for the rebalance time-out only', async (t) => {
  const world = new World()
  const [a, b] = await stable(world)
  const before = world.clock.now()
  const joined = await world.passing(a.join())
  t.is(joined.members.length, 2)
  t.true(world.clock.now() - before >= 3_000 && world.clock.now() - before < 3_100)
  t.is(await world.passing(b.beat()), 22)
})

test('members that do not sync are put out after the rebalance time-out', async (t) => {
  const world = new World()
  const [a, b] = [new Player(world, 'a'), new Player(world, 'b')]
  await world.passing(a.join())
  await world.passing(Promise.all([a.join(), b.join()]))
  const syncing = a.sync([a, b])
  await world.pass(3_200)
  t.like(await world.passing(syncing), { error: 0, share: 'share 0' })
  t.is(await world.passing(b.beat()), 25)
  t.is(await world.passing(a.beat()), 27)
})

test('the first rebalance of an empty group waits for members that come soon after', async (t) => {
  const world = new World({ settings: { initialRebalanceDelayMs: 3_000 } })
  const [a, b] = [new Player(world, 'a'), new Player(world, 'b')]
  const joining = a.join({ rebalanceTimeoutMs: 60_000 })
  await world.pass(2_000)
  const answers = await world.passing(Promise.all([joining, b.join({ rebalanceTimeoutMs: 60_000 })]))
  t.deepEqual(
    answers.map(({ generation }) => generation),
    [1, 1],
  )
  t.true(world.clock.now() >= 6_000 && world.clock.now() < 6_100, `${world.clock.now()} ms`)
})

test('a dynamic member that was given an id and does not come is forgotten with its session', async (t) => {
  const world = new World()
  const [given, other] = [new Player(world, null), new Player(world, 'a')]
  t.is((await world.passing(given.join())).error, 79)
  await world.pass(10_100)
  t.is((await world.passing(other.join())).error, 0)
  t.is((await world.passing(given.join())).error, 25)
})

test('offsets of an empty group are forgotten when it has been empty for so long', async (t) => {
  const world = new World({ settings: { offsetsRetentionMs: 3_600_000 } })
  world.topic('t')
  const producer = await world.producer('p')
  await world.passing(world.channel.addOffsetsToTxn(1, { ...producer, groupId }))
  const offsets = [{ topic: 't', partition: 0, offset: 7, metadata: '' }]
  const nobody = { groupId, generation: -1, memberId: '', instanceId: null }
  await world.passing(world.channel.txnOffsetCommit(1, { ...producer, ...nobody, offsets }))
  await world.end(producer, true)
  await world.pass(20)
  const committed = async (): Promise<number> =>
    (await world.passing(world.channel.offsetFetch(1, { groupId, partitions: [{ topic: 't', partition: 0 }] }))).partitions[0]!.offset
  t.is(await committed(), 7)
  await world.pass(3_600_000 - 1_000)
  t.is(await committed(), 7)
  await world.pass(600_000)
  t.is(await committed(), -1)
})
