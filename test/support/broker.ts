/** The broker of the test run, seen by Kafka's own tools, and what can happen to it. */
import { restartBroker, runningBroker, type Broker } from '../../hack/infra/kafka/broker.ts'
import { consoleConsume, groupRecords, transactionStates, type ConsoleRecord, type GroupRecord } from '../../hack/infra/kafka/tools.ts'
import type { Owner } from '../../hack/infra/machine/paths.ts'

/** Committed records of a topic, by Kafka's console consumer. */
export async function* readCommitted(topic: string, idleMs?: number): AsyncGenerator<ConsoleRecord> {
  yield* consoleConsume(await broker(), topic, idleMs)
}

/** What the group coordinator has stored about a group, oldest first: each generation once or more. */
export const readGroupRecords = async (group: string): Promise<readonly (GroupRecord | null)[]> => groupRecords(await broker(), group)

/** The broker's word on every transactional id: `Ongoing`, `CompleteCommit`, `CompleteAbort`, `Empty`. */
export const readTransactionStates = async (): Promise<ReadonlyMap<string, string>> => transactionStates(await broker())

/** Stops the broker, cleanly or as a crash would, and starts it with its data. Resolves when it answers. */
export const restart = (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> => restartBroker(owner, signal)

async function broker(): Promise<Broker> {
  const running = await runningBroker(owner)
  if (!running) throw new Error(`no broker of ${owner} runs: run hack/test e2e`)
  return running
}

/** STREAMJOB_TEST_OWNER=dev: use what hack/kafka up has started. */
const owner: Owner = process.env['STREAMJOB_TEST_OWNER'] === 'dev' ? 'dev' : 'test'
