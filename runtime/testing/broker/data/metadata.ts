import type { MetadataAnswer } from '../../../kafka/transport.ts'
import { brokerError } from '../errors.ts'
import type { Nodes } from '../nodes.ts'
import type { Topics } from '../topics.ts'

/** What every broker says about the cluster; all know it at the same moment. */
export function metadata(clusterId: string, nodes: Nodes, topics: Topics, names: readonly string[]): MetadataAnswer {
  return {
    clusterId,
    brokers: nodes.running.map((node) => ({ node, host: hostOf(node), port })),
    topics: names.map((name) => {
      const topic = topics.named(name)
      if (topic === undefined) {
        const error = isTopicName(name) ? brokerError.unknownTopicOrPartition : brokerError.invalidTopic
        return { error, topic: name, id: noId, partitions: [] }
      }
      const partitions = topic.partitions.map(({ partition, leader }) => ({
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
