/** Where a whole job of a test runs: on virtual brokers in virtual time, or on a real broker. */
import type { KafkaAdmin } from '../../../runtime/kafka/admin.ts'
import type { KafkaClient } from '../../../runtime/kafka/client.ts'
import { clientOver, connectKafka } from '../../../runtime/kafka/connect.ts'
import type { KafkaClientOptions } from '../../../runtime/kafka/connect.ts'
import { connectAdmin } from '../../../runtime/kafka/kafkajs/admin.ts'
import { systemTiming } from '../../../runtime/kafka/timing.ts'
import type { Timing } from '../../../runtime/kafka/timing.ts'
import { VirtualCluster } from '../../../runtime/testing/broker/cluster.ts'
import { faultless } from '../../../runtime/testing/broker/network/network.ts'
import { seededRandom } from '../../../runtime/testing/time/random.ts'
import { VirtualClock } from '../../../runtime/testing/time/virtual-clock.ts'
import { VirtualProcess } from '../../../runtime/testing/time/virtual-process.ts'
import { passing } from '../../runtime/testing/broker/passing.ts'
import { brokers } from '../kafka.ts'

export interface Ground {
  readonly timing: Timing
  /** Epoch ms. */
  readonly clock: () => number
  admin(): KafkaAdmin
  connect(options?: KafkaClientOptions): KafkaClient
  /** Somewhere in the next moments. On a real broker now: what happens meanwhile is left to the machine. */
  moment(): Promise<void>
  /** Carries out what happens here. */
  run<A>(work: () => Promise<A>): Promise<A>
}

/** Brokers that begin empty. With one seed everything happens in the same order each time. */
export function virtualGround(seed: number): Ground {
  const clock = new VirtualClock()
  const timeOfDay = (): number => epoch + clock.now()
  const random = seededRandom(seed)
  const process = new VirtualProcess('job', clock, random.fork())
  const { timing } = process
  const cluster = new VirtualCluster({
    scheduler: clock,
    clock: timeOfDay,
    random: random.fork(),
    settings: { initialRebalanceDelayMs: 0 },
  })
  const network = { random: random.fork(), latencyMs: [0.1, 2] as const, faults: faultless() }
  return {
    timing,
    clock: timeOfDay,
    admin: () => cluster.admin(process),
    connect: (options = {}) => clientOver(cluster.transport(process, network), { timing, ...options }),
    moment: () => timing.sleep(random.between(0, longestMomentMs)),
    run: (work) => passing(clock, work()),
  }
}

/** The broker of the suite, which others use too. */
export function realGround(): Ground {
  return {
    timing: systemTiming,
    clock: Date.now,
    admin: () => connectAdmin({ brokers: brokers() }, { clientId: 'test' }),
    connect: (options = {}) => connectKafka({ brokers: brokers() }, { clientId: 'test', ...options }),
    moment: () => Promise.resolve(),
    run: (work) => work(),
  }
}

/** Later than what records here speak of, which would be refused otherwise. */
const epoch = 2_000_000_000_000
/** Longer than a commit interval of the jobs here, so that workers die in all their phases. */
const longestMomentMs = 400
