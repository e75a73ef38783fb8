/** Where a local run happens: on real brokers, or on virtual ones inside of this process. */
import type { KafkaAdmin } from '../kafka/admin.ts'
import { clientOver, connectKafka } from '../kafka/connect.ts'
import type { ConnectedKafka, KafkaClientOptions } from '../kafka/connect.ts'
import { connectAdmin } from '../kafka/kafkajs/admin.ts'
import type { AdminOptions } from '../kafka/kafkajs/admin.ts'
import { VirtualCluster } from '../testing/broker/cluster.ts'
import { seededRandom } from '../testing/time/random.ts'
import { systemEndpoint, systemScheduler } from '../testing/time/scheduler.ts'

export interface Brokers {
  /** Whether there may be topics on them that a run did not make. */
  readonly outlive: boolean
  /** As a configuration names them. */
  readonly addresses: readonly string[]
  connect(options: KafkaClientOptions & { readonly clientId: string }): ConnectedKafka
  admin(options: AdminOptions): KafkaAdmin
}

export function realBrokers(addresses: readonly string[]): Brokers {
  const connection = { brokers: [...addresses] }
  return {
    outlive: true,
    addresses,
    connect: (options) => connectKafka(connection, options),
    admin: (options) => connectAdmin(connection, options),
  }
}

/** Brokers in memory: nothing of them is left when the process ends. */
export function virtualBrokers(): Brokers {
  const cluster = new VirtualCluster({
    scheduler: systemScheduler,
    clock: Date.now,
    random: seededRandom(1),
    // Nobody waits without need: neither for more members of a new group, nor for what a killed worker has left open.
    settings: { transactionScanMs: 1_000, initialRebalanceDelayMs: 0 },
  })
  return {
    outlive: false,
    addresses: ['virtual:9092'],
    connect: (options) => clientOver(cluster.transport(systemEndpoint), options),
    admin: () => cluster.admin(systemEndpoint),
  }
}
