/** The connections themselves: in which order answers come, and what is thrown instead of an answer. */
import type { Behaviour } from '../suite.ts'

export function channelsCases(behaviour: Behaviour): void {
  behaviour('answers of one channel come in the order of the requests: what follows a fetch waits for it', async (t, kafka) => {
    const topic = await kafka.topic()
    const channel = kafka.openChannel()
    await channel.metadata([])
    const began = kafka.now()
    const fetching = topic.fetch({ maxWaitMs: 300 }, channel)
    await channel.listOffsets(topic.leader(0), { partitions: [{ ...topic.at(0), timestamp: -1 }] })
    t.true(kafka.now() - began >= 290, `answered after ${kafka.now() - began} ms`)
    await fetching
  })

  behaviour('a request to a node that is not in the cluster fails with kafka-retriable', async (t, kafka) => {
    const group = await kafka.group()
    await t.throwsAsync(kafka.channel.heartbeat(99, group.nobody), { code: 'kafka-retriable' } as object)
  })

  behaviour('when a channel is closed, what is under way in it fails with kafka-unreachable, and what comes later too', async (t, kafka) => {
    const topic = await kafka.topic()
    const channel = kafka.openChannel()
    await channel.metadata([])
    const waiting = t.throwsAsync(topic.fetch({ maxWaitMs: 20_000 }, channel), { code: 'kafka-unreachable' } as object)
    await kafka.target.timing.sleep(50)
    await channel[Symbol.asyncDispose]()
    await waiting
    await t.throwsAsync(channel.metadata([]), { code: 'kafka-unreachable' } as object)
    t.is((await topic.fetch()).error, 'NONE', 'other channels go on')
  })

  behaviour('a join goes on when the channel is closed that it came by: the group waits for the member, which may come back', async (t, kafka) => {
    const group = await kafka.group()
    const [first] = await group.stable(1)
    const channel = kafka.openChannel()
    const request = { groupId: group.groupId, instanceId: 'w-1', memberId: '', protocol: 'streamjob', metadata: group.metadata('') }
    const joining = t.throwsAsync(channel.joinGroup(group.node, { ...request, sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 30_000 }))
    await kafka.until('the group rebalances', async () => (await first!.heartbeat()) === 'REBALANCE_IN_PROGRESS')
    await channel[Symbol.asyncDispose]()
    await joining
    const { members } = await first!.rejoin()
    t.deepEqual(members.map(({ instanceId }) => `${instanceId}`).toSorted(), ['w-0', 'w-1'])
    const again = group.member('w-1').join()
    await group.rejoin([first!])
    t.like(await again, { error: 'NONE', generation: first!.generation })
  })
}
