/** The virtual broker does what a real one does. */
import { kafkaConformance } from '../../../conformance/kafka/suite.ts'
import { virtualTarget } from '../../../conformance/kafka/targets/virtual.ts'

kafkaConformance('a virtual broker', { nodes: 1 }, () => virtualTarget({ nodes: 1 }))
kafkaConformance('three virtual brokers', { nodes: 3 }, () => virtualTarget({ nodes: 3, latencyMs: [0.1, 3] }))
