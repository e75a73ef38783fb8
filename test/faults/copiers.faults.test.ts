/** Copying workers, disturbed three times: what a reader sees meanwhile is what it sees at the end. */
import test from 'ava'
import { KafkaNodes, clusterBrokers } from '../support/kafka-nodes.ts'
import { FaultJob } from './fault-job.ts'
import { picked } from './matrix.ts'
import { assertExactly, readMeanwhile } from './verdict.ts'

const victims = ['brokers', 'workers'] as const
const signals = { killed: 'SIGKILL', ended: 'SIGTERM' } as const
const cases = victims.flatMap((victim) => Object.entries(signals).map(([how, signal]) => ({ victim, how, signal })))

for (const { victim, how, signal } of picked(cases, 2)) {
  test.serial(`copiers whose ${victim} are ${how}, each in its turn, keep the order, for a reader at the time and for one afterwards`, async (t) => {
    const nodes = await KafkaNodes.of(t)
    const job = await FaultJob.start(t, { brokers: clusterBrokers(), program: 'copy', partitions: 4 }, 3)
    const assertSeen = readMeanwhile(t, job)
    for (const which of [0, 1, 2] as const) {
      await job.progressed(700)
      if (victim === 'brokers') {
        const node = (which + 1) as 1 | 2 | 3
        await nodes.end(node, signal)
        await job.progressed(100)
        await nodes.mend(node)
      } else {
        await job.transactionOpen(which)
        await job.pod(which).end(signal)
        job.pod(which).start()
        await job.shared()
      }
    }
    await job.progressed(700)
    await assertSeen(await assertExactly(t, job, 2_800))
  })
}
