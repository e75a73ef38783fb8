import type { ProducerIdentity } from '../../../kafka/transport.ts'

/**
 * Whether the coordinator knows that the producer writes to the partition; `partition` as `transactionPartition` names it. Answers with the errors that
 * clients of the first transaction protocol understand.
 */
export type Verify = (producer: ProducerIdentity, partition: string) => number
