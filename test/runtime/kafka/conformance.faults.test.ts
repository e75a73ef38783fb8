/** The same on three brokers: who asks the wrong one, and what is spread over several. */
import test from 'ava'
import { kafkaConformance } from '../../conformance/kafka/suite.ts'
import { realTarget } from '../../conformance/kafka/targets/real.ts'
import { seed } from '../../faults/matrix.ts'
import { clusterBrokers } from '../../support/kafka-nodes.ts'

const target = realTarget(clusterBrokers())
test.after.always(() => target[Symbol.asyncDispose]())

// On one node all of it runs every time (conformance.kafka.test.ts).
const parts = 3
const chosen = (group: number): boolean => process.env['STREAMJOB_TEST_ALL'] === 'true' || group % parts === seed % parts

kafkaConformance('three real brokers', { nodes: target.nodes, chosen }, () => target)
