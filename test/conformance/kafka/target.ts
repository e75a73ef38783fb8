import type { KafkaAdmin } from '../../../runtime/kafka/admin.ts'
import type { Timing } from '../../../runtime/kafka/timing.ts'
import type { KafkaTransport } from '../../../runtime/kafka/transport.ts'

/** A Kafka cluster that the suite asks its questions. It has the quick settings of hack/infra/kafka/settings.ts. */
export interface Target {
  /** Brokers that are up. */
  readonly nodes: number
  readonly transport: KafkaTransport
  readonly admin: KafkaAdmin
  /** The time that the brokers go by: sleeping in it lets them act. */
  readonly timing: Timing
  /** Epoch ms, as the brokers see it. */
  epochMs(): number
  /** Carries a case out, which takes place in the time of the brokers. */
  run(work: () => Promise<void>): Promise<void>
  /** Asks the log cleaner for a pass over the topic. One that comes by itself may ignore it. */
  compact(topic: string): void
}
