/** Produce at one broker, with what brokers since 3.6 ask of transactions: that the coordinator knows of the partition. */
import type { ProducedPartition, ProduceRequest } from '../../../kafka/transport.ts'
import { brokerError } from '../errors.ts'
import { readBatch } from '../log/batch.ts'
import type { MetadataViews } from '../metadata-views.ts'
import type { Partition } from '../topics.ts'
import type { Verify } from '../transactions/verification.ts'
import { transactionPartition } from '../transactions/transaction.ts'

/** The request's bytes become the logs' own. */
export function produce(views: MetadataViews, verify: Verify, node: number, request: ProduceRequest): ProducedPartition[] {
  return request.partitions.map(({ topic, partition, records }) => {
    const to = views.partition(node, topic, partition)
    if (to === undefined) return refused(topic, partition, brokerError.unknownTopicOrPartition)
    if (!views.leads(node, to)) return refused(topic, partition, brokerError.notLeaderOrFollower)
    const doubt = verifyBatch(verify, to, request.transactionalId, records)
    if (doubt !== null) return { topic, partition, ...doubt, baseOffset: -1 }
    const appended = to.log.append(records, to.leaderEpoch)
    if (appended.error === brokerError.none) to.changed()
    return { topic, partition, ...appended }
  })
}

function verifyBatch(
  verify: Verify,
  { topic, partition, log }: Partition,
  transactionalId: string | null,
  records: Buffer,
): { readonly error: number; readonly message: string | null } | null {
  const batch = readBatch(records)
  if (batch === null || !batch.transactional || !log.mustVerify(batch)) return null
  log.begin(batch)
  const error = verify(
    { transactionalId: transactionalId ?? '', producerId: batch.producerId, epoch: batch.epoch },
    transactionPartition(topic, partition),
  )
  if (error === brokerError.none) return null
  if (error === brokerError.invalidTxnState) return { error, message: 'Partition was not added to the transaction' }
  const passing = passingNames.get(error)
  if (passing === undefined) return { error, message: null }
  // Clients that know no better send again after this one.
  return {
    error: brokerError.notEnoughReplicas,
    message: `Unable to verify the partition has been added to the transaction. Underlying error: ${passing}`,
  }
}

function refused(topic: string, partition: number, error: number): ProducedPartition {
  return { topic, partition, error, message: null, baseOffset: -1 }
}

const passingNames = new Map<number, string>([
  [brokerError.concurrentTransactions, 'CONCURRENT_TRANSACTIONS'],
  [brokerError.coordinatorLoadInProgress, 'COORDINATOR_LOAD_IN_PROGRESS'],
  [brokerError.coordinatorNotAvailable, 'COORDINATOR_NOT_AVAILABLE'],
])
