/** Nodes of the cluster that die, stop answering or are ended under a job: its workers wait, go on, and lose and double nothing. */
import test from 'ava'
import { names } from '../../runtime/protocol.ts'
import { KafkaNodes, clusterBrokers } from '../support/kafka-nodes.ts'
import type { NodeId } from '../support/kafka-nodes.ts'
import { eventually } from '../support/eventually.ts'
import { FaultJob } from './fault-job.ts'
import { picked } from './matrix.ts'
import { assertExactly } from './verdict.ts'

const targets = {
  'the leader of a partition': (nodes: KafkaNodes, { run }: FaultJob) => nodes.leader(run.input, 0),
  'the coordinator of the group': (nodes: KafkaNodes, { run }: FaultJob) => nodes.coordinator('group', names.group(run.applicationId)),
  'the coordinator of a transaction': (nodes: KafkaNodes, { run }: FaultJob) =>
    nodes.coordinator('transaction', names.workerTransactionalId(run.applicationId, 0)),
} as const
const ways = {
  killed: (nodes: KafkaNodes, node: NodeId) => nodes.end(node, 'SIGKILL'),
  ended: (nodes: KafkaNodes, node: NodeId) => nodes.end(node, 'SIGTERM'),
  held: (nodes: KafkaNodes, node: NodeId) => nodes.hold(node),
} as const
const bounces = Object.entries(targets).flatMap(([target, find]) => Object.entries(ways).map(([way, fault]) => ({ target, find, way, fault })))

for (const { target, find, way, fault } of picked(bounces, 1)) {
  test.serial(`${target} that is ${way} and comes back, twice, costs nothing but time`, async (t) => {
    const nodes = await KafkaNodes.of(t)
    const job = await FaultJob.start(t, { brokers: clusterBrokers(), program: 'count', partitions: 5 }, 2)
    for (let round = 0; round < 2; round++) {
      await job.progressed(500)
      const node = await find(nodes, job)
      await fault(nodes, node)
      await job.progressed(500)
      t.not(await find(nodes, job), node, 'the work has moved to another node')
      await nodes.mend(node)
    }
    await assertExactly(t, job, 2_000)
  })
}

test.serial('while a node is down for longer than twice every time-out, workers start, leave and take over', async (t) => {
  const nodes = await KafkaNodes.of(t)
  const job = await FaultJob.start(t, { brokers: clusterBrokers(), program: 'count', partitions: 5 }, 2)
  await job.progressed(500)
  const node = await nodes.leader(job.run.input, 0)
  await nodes.end(node, 'SIGKILL')
  const down = performance.now()
  await job.scale(3)
  await job.shared()
  await job.progressed(500)
  await job.scale(2)
  await job.shared()
  await job.progressed(500)

  await job.transactionOpen(0)
  await job.pod(0).end('SIGKILL')
  const taken = async (): Promise<boolean> => (await job.pod(1).status()).tasks.length === 5
  await eventually(taken, { what: 'Every task with the worker that is left' })
  await job.progressed(500)
  job.pod(0).start()
  await job.shared()
  const longer = async (): Promise<boolean> => performance.now() - down > 2 * job.run.config.processing.sessionTimeoutMs
  await eventually(longer, { what: 'Twice the session' })
  await job.progressed(500)
  await nodes.mend(node)
  await job.progressed(500)
  await assertExactly(t, job, 3_000)
})
