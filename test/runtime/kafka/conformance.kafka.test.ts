/** The truth that every other implementation is held to. */
import test from 'ava'
import { kafkaConformance } from '../../conformance/kafka/suite.ts'
import { realTarget } from '../../conformance/kafka/targets/real.ts'
import { brokers } from '../../support/kafka.ts'

const target = realTarget(brokers())
test.after.always(() => target[Symbol.asyncDispose]())

kafkaConformance('a real broker', { nodes: target.nodes }, () => target)
