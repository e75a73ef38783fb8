/** The virtual broker does what a real one does. */
import { VirtualCluster } from '../../../../runtime/testing/broker/cluster.ts'
import { seededRandom } from '../../../../runtime/testing/time/random.ts'
import { VirtualClock } from '../../../../runtime/testing/time/virtual-clock.ts'
import { VirtualProcess } from '../../../../runtime/testing/time/virtual-process.ts'
import { kafkaConformance } from '../../../conformance/kafka/suite.ts'
import type { Target } from '../../../conformance/kafka/target.ts'

const epoch = 1_700_000_000_000
/** As hack/infra/kafka/settings.ts sets them for the real one. */
const settings = { initialRebalanceDelayMs: 0, minSessionTimeoutMs: 1_000, transactionScanMs: 1_000, offsetsPartitions: 1, transactionPartitions: 1 }

function open(nodes: number): Target {
  const clock = new VirtualClock()
  const random = seededRandom(nodes)
  const cluster = new VirtualCluster({ scheduler: clock, clock: () => epoch + clock.now(), random: random.fork(), nodes, settings })
  const process = new VirtualProcess('client', clock, random.fork())
  return {
    nodes,
    transport: cluster.transport(process),
    admin: cluster.admin(process),
    timing: process.timing,
    epochMs: () => epoch + Math.floor(clock.now()),
    deleteRecords: async (topic, partition, before) => cluster.deleteRecords(topic, partition, before),
    compact: (topic) => cluster.compact(topic),
    async run(work) {
      let ended = false
      const done = work().finally(() => (ended = true))
      done.catch(() => {})
      if (!(await clock.run(() => ended))) throw new Error('Nothing is left to happen, and the case has not ended')
      await done
    },
  }
}

kafkaConformance('a virtual broker', { nodes: 1 }, () => open(1))
kafkaConformance('three virtual brokers', { nodes: 3 }, () => open(3))
