import type { ListedOffset, ListOffsetsRequest } from '../../../kafka/transport.ts'
import { offsetAt } from '../../../kafka/transport.ts'
import { brokerError } from '../errors.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import type { MetadataViews } from '../metadata-views.ts'

/** Of all that was written, open transactions included. */
export function listOffsets(views: MetadataViews, node: number, request: ListOffsetsRequest): ListedOffset[] {
  return request.partitions.map(({ topic, partition, timestamp }) => {
    const found = views.partition(node, topic, partition)
    if (found === undefined) return { topic, partition, error: brokerError.unknownTopicOrPartition, offset: -1 }
    if (!views.leads(node, found)) return { topic, partition, error: brokerError.notLeaderOrFollower, offset: -1 }
    found.log.refresh()
    return { topic, partition, error: brokerError.none, offset: offsetOf(found.log, timestamp) }
  })
}

function offsetOf(log: PartitionLog, timestamp: number): number {
  if (timestamp === offsetAt.earliest) return log.logStart
  return timestamp === offsetAt.highWatermark ? log.highWatermark : log.offsetAt(timestamp)
}
