/** The same on three brokers: who asks the wrong one, and what is spread over several. */
import test from 'ava'
import { kafkaConformance } from '../../conformance/kafka/suite.ts'
import { realTarget } from '../../conformance/kafka/targets/real.ts'
import { clusterBrokers } from '../../support/kafka-nodes.ts'

const target = realTarget(clusterBrokers())
test.after.always(() => target[Symbol.asyncDispose]())

kafkaConformance('three real brokers', { nodes: target.nodes }, () => target)
