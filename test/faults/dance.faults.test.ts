/** Workers that come and go one by one under load. */
import test from 'ava'
import { KafkaNodes, clusterBrokers } from '../support/kafka-nodes.ts'
import { eventually } from '../support/eventually.ts'
import { FaultJob } from './fault-job.ts'
import { picked } from './matrix.ts'
import { assertExactly } from './verdict.ts'

for (const program of picked(['copy', 'count'] as const, 4)) {
  test.serial(`workers that start and stop one by one hand every task over exactly: ${program}`, async (t) => {
    await KafkaNodes.of(t)
    const job = await FaultJob.start(t, { brokers: clusterBrokers(), program, partitions: 5 }, 1)
    for (const parallelism of [2, 3, 2, 1, 3]) {
      await job.progressed(300)
      await job.scale(parallelism)
      const all = await job.shared()
      t.is(all.length, parallelism)
    }
    await job.progressed(300)
    t.is((await job.pod(0).end('SIGTERM')).code, 0)
    const taken = async (): Promise<boolean> => (await job.statuses()).reduce((sum, { tasks }) => sum + tasks.length, 0) === 5
    await eventually(taken, { what: 'The tasks of the stopped worker with the others' })
    await job.progressed(300)
    job.pod(0).start()
    await job.shared()
    await assertExactly(t, job, 2_500)
  })
}
