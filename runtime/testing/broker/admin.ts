/** Topics and groups as a whole: any broker that answers passes it on to the controller. */
import { StreamJobError } from '../../errors.ts'
import type { KafkaAdmin, NewTopic } from '../../kafka/admin.ts'
import { refused } from '../../kafka/broker-errors.ts'
import { Routes } from '../../kafka/routes.ts'
import type { Timing } from '../../kafka/timing.ts'
import { isTopicName } from './data/metadata.ts'
import { brokerError } from './errors.ts'
import type { VirtualChannel } from './network/channel.ts'

/** What the controller and the coordinators do to the cluster. */
export interface Administered {
  topicNames(): readonly string[]
  createTopic(topic: NewTopic): boolean
  growTopic(topic: string, partitions: number): 'unknown' | 'done'
  deleteTopic(topic: string): boolean
  /** At that node. */
  deleteGroup(node: number, groupId: string): 'elsewhere' | 'not empty' | 'done'
}

const patienceMs = 8_000

/** Over a channel, which is closed with it. */
export function virtualAdmin(cluster: Administered, channel: VirtualChannel, timing: Timing): KafkaAdmin {
  const closing = new AbortController()
  const routes = new Routes(channel, { timing, patienceMs, signal: closing.signal })
  const anywhere = <A>(name: string, work: () => A): Promise<A> => routes.patiently(() => channel.sendAny<A>(name, (_node, reply) => reply(work())))
  return {
    listTopics: () => anywhere('Metadata', () => cluster.topicNames()),
    async createTopic(topic) {
      if (!isTopicName(topic.topic)) throw refused(brokerError.invalidTopic, `Creating the topic ${topic.topic}`, { name: topic.topic })
      await anywhere('CreateTopics', () => cluster.createTopic(topic))
    },
    async growTopic(topic, partitions) {
      if ((await anywhere('CreatePartitions', () => cluster.growTopic(topic, partitions))) === 'done') return
      throw new StreamJobError('topic-missing', `Adding partitions to ${topic}: there is no such topic`, { fields: { topic } })
    },
    async deleteTopics(topics) {
      await anywhere('DeleteTopics', () => topics.map((topic) => cluster.deleteTopic(topic)))
    },
    async deleteGroup(groupId) {
      await routes.patiently(async () => {
        routes.forgetCoordinator('group', groupId)
        const to = await routes.coordinator('group', groupId)
        const outcome = await channel.send<ReturnType<Administered['deleteGroup']>>('DeleteGroups', to, (node, reply) =>
          reply(cluster.deleteGroup(node, groupId)),
        )
        if (outcome === 'done') return
        const reason = outcome === 'elsewhere' ? 'its coordinator moves' : 'it still has members'
        throw new StreamJobError('kafka-retriable', `Deleting the group ${groupId}: ${reason}`, { fields: { group: groupId } })
      })
    },
    async [Symbol.asyncDispose]() {
      closing.abort()
      await channel[Symbol.asyncDispose]()
    },
  }
}
