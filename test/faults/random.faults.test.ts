/** Faults of nodes and workers at random, by the seed of the run: the history of a copying job holds neither lost writes nor aborted reads. */
import test from 'ava'
import { KafkaNodes, clusterBrokers } from '../support/kafka-nodes.ts'
import type { NodeId } from '../support/kafka-nodes.ts'
import { randomOf } from '../support/orders.ts'
import { FaultJob } from './fault-job.ts'
import { seed } from './matrix.ts'
import { assertExactly, readMeanwhile } from './verdict.ts'

const rounds = 4
const nodeFaults = ['killed', 'ended', 'held', 'left alone'] as const
const workerFaults = ['killed', 'ended', 'held', 'all killed'] as const

test.serial(
  'whatever happens to nodes and workers together, no acknowledged record is lost, doubled, reordered or read before it is committed',
  async (t) => {
    t.log(`seed ${seed}`)
    const random = randomOf(seed + 3)
    const choose = <A>(of: readonly A[]): A => of[Math.floor(random() * of.length)]!
    const nodes = await KafkaNodes.of(t)
    const job = await FaultJob.start(t, { brokers: clusterBrokers(), program: 'copy', partitions: 4 }, 2)
    const assertSeen = readMeanwhile(t, job)
    for (let round = 0; round < rounds; round++) {
      const [node, ofNode] = [choose<NodeId>([1, 2, 3]), choose(nodeFaults)]
      const [worker, ofWorker] = [choose([0, 1]), choose(workerFaults)]
      t.log(`node ${node} ${ofNode}, worker ${worker} ${ofWorker}`)
      await job.progressed(200)
      await job.transactionOpen(worker)
      const victims = ofWorker === 'all killed' ? [0, 1] : [worker]
      if (ofWorker === 'held') job.pod(worker).hold(true)
      else for (const victim of victims) await job.pod(victim).end(ofWorker === 'ended' ? 'SIGTERM' : 'SIGKILL')
      if (ofNode === 'held') await nodes.hold(node)
      else if (ofNode !== 'left alone') await nodes.end(node, ofNode === 'killed' ? 'SIGKILL' : 'SIGTERM')
      if (ofWorker === 'held') job.pod(worker).hold(false)
      else for (const victim of victims) job.pod(victim).start()
      await job.progressed(200)
      await nodes.mend(node)
      await job.shared()
    }
    await job.progressed(200)
    await assertSeen(await assertExactly(t, job, 2_000))
  },
)
