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
  /** As a configuration names them. */
  readonly addresses: readonly string[]
  connect(options: KafkaClientOptions & { readonly clientId: string }): ConnectedKafka
  admin(options: AdminOptions): KafkaAdmin
}

export function realBrokers(addresses: readonly string[]): Brokers {
  const connection = { brokers: [...addresses] }
  return {
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
    // Nothing else needs the time: overdue transactions are looked for as often as a test broker does.
    settings: { transactionScanMs: 1_000 },
  })
  return {
    addresses: ['virtual:9092'],
    connect: (options) => clientOver(cluster.transport(systemEndpoint), options),
    admin: () => cluster.admin(systemEndpoint),
  }
}
