/** Committed offsets: who may commit, when they are seen, when they are gone. */
import type { KafkaUnderTest } from '../client/kafka.ts'
import type { Behaviour } from '../suite.ts'

export function offsetsCases(behaviour: Behaviour): void {
  behaviour('a partition without a committed offset has -1, also in a group that nobody knows', async (t, kafka) => {
    const topic = await kafka.topic()
    t.is(await (await kafka.group()).committed(topic.at(0)), '-1')
  })

  behaviour('an offset is committed with its transaction; until then the partition is answered with UNSTABLE_OFFSET_COMMIT', async (t, kafka) => {
    const { topic, group, producer } = await setUp(kafka)
    t.is(await producer.addAndCommitOffset(group.nobody, topic.at(0), 5, 'commit 1'), 'NONE')
    t.is(await group.committed(topic.at(0)), 'UNSTABLE_OFFSET_COMMIT')
    t.is(await group.committed(topic.at(1)), '-1', 'other partitions are stable')
    t.is(await producer.end('commit'), 'NONE')
    t.is(await group.stableCommitted(topic.at(0)), '5 commit 1')
  })

  behaviour('an abort brings the offset before back, with its metadata', async (t, kafka) => {
    const { topic, group, producer } = await setUp(kafka)
    await producer.addAndCommitOffset(group.nobody, topic.at(0), 5, 'commit 1')
    await producer.end('commit')
    await producer.addAndCommitOffset(group.nobody, topic.at(0), 9, 'commit 2')
    t.is(await group.committed(topic.at(0)), 'UNSTABLE_OFFSET_COMMIT')
    await producer.end('abort')
    t.is(await group.stableCommitted(topic.at(0)), '5 commit 1')
  })

  behaviour('an offset is pending from its commit on, not from the adding of the group', async (t, kafka) => {
    const { topic, group, producer } = await setUp(kafka)
    t.is(await producer.addOffsets(group.groupId), 'NONE')
    t.is(await group.committed(topic.at(0)), '-1')
  })

  behaviour('of several offsets for one partition in a transaction the last one counts, also if it is lower', async (t, kafka) => {
    const { topic, group, producer } = await setUp(kafka)
    for (const offset of [3, 9, 4]) await producer.addAndCommitOffset(group.nobody, topic.at(0), offset)
    await producer.end('commit')
    t.is(await group.stableCommitted(topic.at(0)), '4')
  })

  behaviour('of two transactions with one partition the offset that was sent last counts, whichever ends last', async (t, kafka) => {
    const { topic, group, producer } = await setUp(kafka)
    const other = await kafka.producer()
    await producer.addAndCommitOffset(group.nobody, topic.at(0), 5)
    await other.addAndCommitOffset(group.nobody, topic.at(0), 7)
    await other.end('commit')
    await kafka.until('the other has ended', async () => (await other.addOffsets(group.groupId)) === 'NONE')
    t.is(await group.committed(topic.at(0)), 'UNSTABLE_OFFSET_COMMIT')
    await producer.end('commit')
    t.is(await group.stableCommitted(topic.at(0)), '7')
  })

  behaviour('offsets of a group that was not added to the transaction are refused with INVALID_TXN_STATE', async (t, kafka) => {
    const { topic, group, producer } = await setUp(kafka)
    t.is(await producer.commitOffset(group.nobody, topic.at(0), 1), 'INVALID_TXN_STATE')
    await producer.addAndWrite(topic, ['x'])
    t.is(await producer.commitOffset(group.nobody, topic.at(0), 1), 'INVALID_TXN_STATE')
    await producer.addOffsets(kafka.uniqueName('another group'.replace(' ', '-')))
    t.is(await producer.commitOffset(group.nobody, topic.at(0), 1), 'NONE')
  })

  behaviour('a commit without generation and member id is fenced by nothing, whatever members the group has', async (t, kafka) => {
    const { topic, group, producer } = await setUp(kafka)
    await group.stable(1)
    t.is(await producer.addAndCommitOffset(group.nobody, topic.at(0), 5), 'NONE')
    await producer.end('commit')
    t.is(await group.stableCommitted(topic.at(0)), '5')
  })

  behaviour(
    'a commit of another generation is refused with ILLEGAL_GENERATION, one of another member with UNKNOWN_MEMBER_ID or FENCED_INSTANCE_ID',
    async (t, kafka) => {
      const { topic, group, producer } = await setUp(kafka)
      const [member] = await group.stable(1)
      const commit = (as: object): Promise<string> => producer.addAndCommitOffset({ ...member!.identity, ...as }, topic.at(0), 5)
      t.is(await commit({ generation: member!.generation - 1 }), 'ILLEGAL_GENERATION')
      t.is(await commit({ generation: member!.generation + 1 }), 'ILLEGAL_GENERATION')
      t.is(await commit({ memberId: 'another' }), 'FENCED_INSTANCE_ID')
      t.is(await commit({ memberId: 'another', instanceId: null }), 'UNKNOWN_MEMBER_ID')
      t.is(await commit({ instanceId: 'w-9' }), 'UNKNOWN_MEMBER_ID')
      t.is(await commit({ generation: -1 }), 'ILLEGAL_GENERATION')
      t.is(await commit({ instanceId: null }), 'NONE')
      t.is(await commit({}), 'NONE')
    },
  )

  behaviour('a commit in a generation of a group that nobody knows is refused with ILLEGAL_GENERATION', async (t, kafka) => {
    const { topic, group, producer } = await setUp(kafka)
    t.is(await producer.addAndCommitOffset({ ...group.nobody, generation: 1, memberId: 'm' }, topic.at(0), 5), 'ILLEGAL_GENERATION')
  })

  behaviour(
    'while the group prepares a rebalance its members may commit; after they have joined again, not in the old generation',
    async (t, kafka) => {
      const { topic, group, producer } = await setUp(kafka)
      const [first] = await group.stable(1)
      const before = first!.identity
      const joining = group.member('w-1').join()
      await kafka.until('the group rebalances', async () => (await first!.heartbeat()) === 'REBALANCE_IN_PROGRESS')
      t.is(await producer.addAndCommitOffset(before, topic.at(0), 5), 'NONE')
      await first!.rejoin()
      await joining
      t.is(await producer.addAndCommitOffset(before, topic.at(0), 6), 'ILLEGAL_GENERATION')
      t.is(await producer.addAndCommitOffset(first!.identity, topic.at(0), 7), 'NONE', 'between join and sync')
      await producer.end('commit')
      t.is(await group.stableCommitted(topic.at(0)), '7')
    },
  )

  behaviour('a transaction that was begun in the old generation is committed in the new one with what it holds', async (t, kafka) => {
    const { topic, group, producer } = await setUp(kafka)
    const [first] = await group.stable(1)
    await producer.addAndCommitOffset(first!.identity, topic.at(0), 5)
    await first!.rejoin()
    t.is(await first!.syncShares(), 'share of w-0')
    t.is(await producer.end('commit'), 'NONE')
    t.is(await group.stableCommitted(topic.at(0)), '5')
  })

  behaviour('metadata up to 4096 characters is kept, longer is refused with OFFSET_METADATA_TOO_LARGE', async (t, kafka) => {
    const { topic, group, producer } = await setUp(kafka)
    t.is(await producer.addAndCommitOffset(group.nobody, topic.at(1), 5, 'm'.repeat(4_097)), 'OFFSET_METADATA_TOO_LARGE')
    t.is(await producer.addAndCommitOffset(group.nobody, topic.at(0), 5, 'm'.repeat(4_096)), 'NONE')
    await producer.end('commit')
    t.is(await group.stableCommitted(topic.at(0)), `5 ${'m'.repeat(4_096)}`)
    t.is(await group.stableCommitted(topic.at(1)), '-1')
  })

  behaviour('an offset of a topic that is not there is refused with UNKNOWN_TOPIC_OR_PARTITION', async (t, kafka) => {
    const { topic, group, producer } = await setUp(kafka)
    t.is(await producer.addAndCommitOffset(group.nobody, { topic: kafka.uniqueName('nowhere'), partition: 0 }, 1), 'UNKNOWN_TOPIC_OR_PARTITION')
    t.is(await producer.addAndCommitOffset(group.nobody, topic.at(9), 1), 'UNKNOWN_TOPIC_OR_PARTITION')
  })

  behaviour('offsets outlive the members of the group', async (t, kafka) => {
    const { topic, group, producer } = await setUp(kafka)
    const [member] = await group.stable(1)
    await producer.addAndCommitOffset(member!.identity, topic.at(0), 5)
    await producer.end('commit')
    await group.evict({ memberId: '', instanceId: 'w-0' })
    t.is(await group.stableCommitted(topic.at(0)), '5')
  })

  behaviour('a group is deleted with its offsets, but not while it has members; one that is missing is fine', async (t, kafka) => {
    const { topic, group, producer } = await setUp(kafka)
    const [member] = await group.stable(1)
    await producer.addAndCommitOffset(member!.identity, topic.at(0), 5)
    await producer.end('commit')
    t.is(await group.stableCommitted(topic.at(0)), '5')
    await t.throwsAsync(kafka.target.admin.deleteGroup(group.groupId), { code: 'kafka-retriable' } as object)
    t.is(await group.committed(topic.at(0)), '5')
    await group.evict({ memberId: '', instanceId: 'w-0' })
    await kafka.target.admin.deleteGroup(group.groupId)
    t.is(await group.committed(topic.at(0)), '-1')
    await kafka.target.admin.deleteGroup(group.groupId)
  })
}

async function setUp(kafka: KafkaUnderTest) {
  return { topic: await kafka.topic({ partitions: 2 }), group: await kafka.group(), producer: await kafka.producer() }
}
