/** A node's place in a cluster of three, each both broker and controller. */
export interface QuorumPlace {
  readonly node: number
  /** `ID@host:port` of every node's controller. */
  readonly voters: readonly string[]
}

/**
 * What a node has otherwise than a broker alone: every topic on three nodes, two of which must have a record before it counts. A dead or stopped node is
 * taken out within seconds, not the usual nine, so that a test of that does not wait for it.
 */
export const quorumProperties = ({ node, voters }: QuorumPlace): Readonly<Record<string, string | number>> => ({
  'node.id': node,
  'controller.quorum.voters': voters.join(','),
  'default.replication.factor': 3,
  'min.insync.replicas': 2,
  'offsets.topic.replication.factor': 3,
  'transaction.state.log.replication.factor': 3,
  'transaction.state.log.min.isr': 2,
  'share.coordinator.state.topic.replication.factor': 3,
  'share.coordinator.state.topic.min.isr': 2,
  'broker.session.timeout.ms': 4_000,
  'broker.heartbeat.interval.ms': 500,
})
