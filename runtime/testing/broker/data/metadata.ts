import type { MetadataAnswer } from '../../../kafka/transport.ts'
import { brokerError } from '../errors.ts'
import type { Nodes } from '../nodes.ts'
import type { MetadataViews } from '../metadata-views.ts'

/** What a broker says about the cluster. */
export function metadata(clusterId: string, nodes: Nodes, views: MetadataViews, node: number, names: readonly string[]): MetadataAnswer {
  return {
    clusterId,
    brokers: nodes.running.map((other) => ({ node: other, host: hostOf(other), port })),
    topics: names.map((name) => {
      const topic = views.named(node, name)
      if (topic === undefined) {
        const error = isTopicName(name) ? brokerError.unknownTopicOrPartition : brokerError.invalidTopic
        return { error, topic: name, id: noId, partitions: [] }
      }
      const partitions = topic.leaders.map((leader, partition) => ({
        error: leader === -1 ? brokerError.leaderNotAvailable : brokerError.none,
        partition,
        leader,
      }))
      return { error: brokerError.none, topic: name, id: topic.id, partitions }
    }),
  }
}

/** Whether a topic may be called so. */
export function isTopicName(name: string): boolean {
  return /^[\w.-]{1,249}$/.test(name) && name !== '.' && name !== '..'
}

/** Brokers have names for people to read in messages; nothing connects to them. */
export function addressOf(node: number): string {
  return `${hostOf(node)}:${port}`
}

const hostOf = (node: number): string => `broker-${node}`
const port = 9_092
const noId = '0'.repeat(32)
