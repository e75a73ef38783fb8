/** What brokers say that are not the right ones to ask. Each partition is on one broker only. */
import { errorName } from '../client/errors.ts'
import type { Behaviour } from '../suite.ts'

export function nodesCases(behaviour: Behaviour): void {
  behaviour('a broker that does not lead a partition refuses records and questions about it with NOT_LEADER_OR_FOLLOWER', async (t, kafka) => {
    const topic = await kafka.topic()
    const { brokers } = await kafka.channel.metadata([])
    const { node } = brokers.find((broker) => broker.node !== topic.leader(0))!
    const written = { transactionalId: null, timeoutMs: 1_000, partitions: [{ ...topic.at(0), records: kafka.batch(['x']) }] }
    t.is(errorName((await kafka.channel.produce(node, written))[0]!.error), 'NOT_LEADER_OR_FOLLOWER')
    const asked = { partitions: [{ ...topic.at(0), timestamp: -1 }] }
    t.is(errorName((await kafka.channel.listOffsets(node, asked))[0]!.error), 'NOT_LEADER_OR_FOLLOWER')
    const deleted = { timeoutMs: 1_000, partitions: [{ ...topic.at(0), offset: 0 }] }
    t.is(errorName((await kafka.channel.deleteRecords(node, deleted))[0]!.error), 'NOT_LEADER_OR_FOLLOWER')
    const partitions = [{ ...topic.at(0), topicId: topic.topicId, offset: 0, maxBytes: 1_000 }]
    const fetched = await kafka.channel.fetch(node, { maxWaitMs: 0, minBytes: 1, maxBytes: 1_000, partitions })
    t.is(errorName(fetched.partitions[0]!.error), 'NOT_LEADER_OR_FOLLOWER')
  })

  behaviour('a broker that does not coordinate a group or a transactional id refuses with NOT_COORDINATOR', async (t, kafka) => {
    const topic = await kafka.topic()
    const group = await kafka.group()
    const producer = await kafka.producer()
    const { brokers } = await kafka.channel.metadata([])
    const others = (coordinator: number): number => brokers.find(({ node }) => node !== coordinator)!.node
    const member = { ...group.nobody, memberId: 'm', generation: 1 }
    t.is(errorName((await kafka.channel.heartbeat(others(group.node), member)).error), 'NOT_COORDINATOR')
    const transactional = producer.transactional
    const offsets = [{ ...topic.at(0), offset: 1, metadata: '' }]
    const committed = await kafka.channel.txnOffsetCommit(others(group.node), { ...transactional, ...group.nobody, offsets })
    t.is(errorName(committed[0]!.error), 'NOT_COORDINATOR')
    const init = { transactionalId: transactional.transactionalId, transactionTimeoutMs: 10_000 }
    t.is(errorName((await kafka.channel.initProducerId(others(producer.node), init)).error), 'NOT_COORDINATOR')
    t.is(errorName((await kafka.channel.endTxn(others(producer.node), { ...transactional, commit: true })).error), 'NOT_COORDINATOR')
    const added = await kafka.channel.addPartitionsToTxn(others(producer.node), { ...transactional, partitions: [topic.at(0)] })
    t.is(errorName(added[0]!.error), 'NOT_COORDINATOR')
  })
}
