/**
 * What Kafka does, as far as exactly-once depends on it: the sentences that a cluster behind `KafkaTransport` has to fulfil. A real broker is the truth. An
 * implementation runs them with one call: `kafkaConformance('name', { nodes: 1 }, openTarget)`.
 */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { uniqueName } from '../../support/kafka.ts'
import { channelsCases } from './cases/channels.ts'
import { compactionCases } from './cases/compaction.ts'
import { deletionCases } from './cases/deletion.ts'
import { fencingCases } from './cases/fencing.ts'
import { fetchCases } from './cases/fetch.ts'
import { idempotenceCases } from './cases/idempotence.ts'
import { isolationCases } from './cases/isolation.ts'
import { logCases } from './cases/log.ts'
import { membershipCases } from './cases/membership.ts'
import { nodesCases } from './cases/nodes.ts'
import { offsetsCases } from './cases/offsets.ts'
import { rebalanceCases } from './cases/rebalance.ts'
import { staticMemberCases } from './cases/static-members.ts'
import { topicsCases } from './cases/topics.ts'
import { sessionsCases } from './cases/sessions.ts'
import { transactionEndsCases } from './cases/transaction-ends.ts'
import { transactionTimeoutCases } from './cases/transaction-timeout.ts'
import { transactionsCases } from './cases/transactions.ts'
import { KafkaUnderTest } from './client/kafka.ts'
import type { Target } from './target.ts'

/** One behaviour of Kafka: the sentence that states it, and what shows it. */
export type Behaviour = (sentence: string, shows: (t: ExecutionContext, kafka: KafkaUnderTest) => Promise<void>) => void

const oneNode = [
  channelsCases,
  logCases,
  fetchCases,
  deletionCases,
  idempotenceCases,
  transactionsCases,
  transactionEndsCases,
  transactionTimeoutCases,
  fencingCases,
  isolationCases,
  membershipCases,
  rebalanceCases,
  sessionsCases,
  staticMemberCases,
  offsetsCases,
  topicsCases,
  compactionCases,
]

export interface ConformanceOptions {
  readonly nodes: number
  /** Which groups of cases run, of so many; the cases about several nodes always do. @default all */
  readonly chosen?: (group: number) => boolean
}

/** `open` makes the target of one case, or hands out one that all cases share: their names are unique. Cases run at the same time. */
export function kafkaConformance(name: string, { nodes, chosen = () => true }: ConformanceOptions, open: (t: ExecutionContext) => Target): void {
  const behaviour: Behaviour = (sentence, shows) => {
    test(`${name}: ${sentence}`, async (t) => {
      const target = open(t)
      await target.run(async () => {
        await using kafka = new KafkaUnderTest(target, uniqueName(t))
        await shows(t, kafka)
      })
    })
  }
  for (const [group, cases] of oneNode.entries()) if (chosen(group)) cases(behaviour)
  if (nodes > 1) nodesCases(behaviour)
}
