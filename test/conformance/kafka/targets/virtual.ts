import { VirtualCluster } from '../../../../runtime/testing/broker/cluster.ts'
import { seededRandom } from '../../../../runtime/testing/time/random.ts'
import { VirtualClock } from '../../../../runtime/testing/time/virtual-clock.ts'
import { VirtualProcess } from '../../../../runtime/testing/time/virtual-process.ts'
import { faultless } from '../../../../runtime/testing/broker/network/network.ts'
import type { Target } from '../target.ts'

export interface VirtualTargetOptions {
  readonly nodes: number
  readonly seed?: number
  /** How long each way takes, from and to; null: nothing takes time. */
  readonly latencyMs?: readonly [number, number] | null
}

const epoch = 1_700_000_000_000
/** As hack/infra/kafka/settings.ts sets them for the real one. */
const settings = { initialRebalanceDelayMs: 0, minSessionTimeoutMs: 1_000, transactionScanMs: 1_000, offsetsPartitions: 1, transactionPartitions: 1 }

/** A cluster of its own in a time of its own, with the settings of the real one that tests find. */
export function virtualTarget({ nodes, seed = 1, latencyMs = null }: VirtualTargetOptions): Target {
  const clock = new VirtualClock()
  const random = seededRandom(seed)
  const cluster = new VirtualCluster({ scheduler: clock, clock: () => epoch + clock.now(), random: random.fork(), nodes, settings })
  const process = new VirtualProcess('client', clock, random.fork())
  const way = latencyMs === null ? undefined : { random: random.fork(), latencyMs, faults: faultless() }
  return {
    nodes,
    transport: cluster.transport(process, way),
    admin: cluster.admin(process, way),
    timing: process.timing,
    epochMs: () => epoch + Math.floor(clock.now()),
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
