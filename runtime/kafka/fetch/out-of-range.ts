import { StreamJobError } from '../../errors.ts'
import { refused, wireError } from '../broker-errors.ts'
import type { KafkaChannel } from '../transport.ts'
import { offsetAt } from '../transport.ts'

/**
 * Why a broker called a position out of range: `position-out-of-range` with the range in its fields; or `kafka-retriable` where the position lies in it
 * by now, as it may after a leader change.
 */
export async function positionFailure(
  channel: KafkaChannel,
  node: number,
  read: { readonly topic: string; readonly partition: number; readonly fetchOffset: number },
): Promise<StreamJobError> {
  const { topic, partition, fetchOffset: offset } = read
  const logStart = await endOf(channel, node, topic, partition, offsetAt.earliest)
  const highWatermark = await endOf(channel, node, topic, partition, offsetAt.highWatermark)
  const fields = { topic, partition, offset, logStart, highWatermark }
  const range = `${topic}-${partition} holds the offsets ${logStart} to ${highWatermark}`
  if (offset >= logStart && offset <= highWatermark) {
    return new StreamJobError('kafka-retriable', `Offset ${offset} was out of range for a moment: ${range}`, { fields })
  }
  const reason = offset < logStart ? 'records were deleted before they were read' : 'the topic ends before it: it was made again, or lost records'
  return new StreamJobError('position-out-of-range', `Offset ${offset} cannot be read, ${range}: ${reason}`, { fields })
}

async function endOf(channel: KafkaChannel, node: number, topic: string, partition: number, timestamp: number): Promise<number> {
  const [answer] = await channel.listOffsets(node, { partitions: [{ topic, partition, timestamp }] })
  const error = answer?.error ?? wireError.unknownTopic
  if (error !== wireError.none) throw refused(error, `ListOffsets of ${topic}-${partition}`, { topic, partition })
  return answer!.offset
}
