import type { DeletedRecords, DeleteRecordsRequest } from '../../../kafka/transport.ts'
import { offsetAt } from '../../../kafka/transport.ts'
import { brokerError } from '../errors.ts'
import type { MetadataViews } from '../metadata-views.ts'
import type { Partition } from '../topics.ts'

/** Records that were never read, and those of open transactions, go like any other. */
export function deleteRecords(views: MetadataViews, node: number, request: DeleteRecordsRequest): DeletedRecords[] {
  return request.partitions.map(({ topic, partition, offset }) => {
    const found = views.partition(node, topic, partition)
    if (found === undefined) return { topic, partition, error: brokerError.unknownTopicOrPartition, logStart: -1 }
    if (!views.leads(node, found)) return { topic, partition, error: brokerError.notLeaderOrFollower, logStart: -1 }
    const error = deleteBefore(found, offset)
    return { topic, partition, error, logStart: error === brokerError.none ? found.log.logStart : -1 }
  })
}

function deleteBefore(from: Partition, offset: number): number {
  const { log } = from
  log.refresh()
  if (!log.config.deletes) return brokerError.policyViolation
  const before = offset === offsetAt.highWatermark ? log.highWatermark : offset
  if (before < 0 || before > log.highWatermark) return brokerError.offsetOutOfRange
  log.deleteBefore(before)
  from.changed()
  return brokerError.none
}
