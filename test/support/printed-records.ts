import { readHeaders } from '../../runtime/kafka/batch/headers.ts'
import type { KafkaReader } from '../../runtime/kafka/client.ts'
import type { PrintedRecord } from '../e2e/oracle.ts'

/** All committed records of a topic, one partition after the other, in the form of Kafka's console consumer. */
export async function readPrinted(reader: KafkaReader, topic: string): Promise<PrintedRecord[]> {
  const { partitions = 0 } = (await reader.describeTopics([topic])).get(topic) ?? {}
  const found: PrintedRecord[] = []
  for (let partition = 0; partition < partitions; partition++) {
    const start = await reader.listOffset(topic, partition, 'earliest')
    const end = await reader.listOffset(topic, partition, 'highWatermark')
    for await (const block of reader.readRange(topic, partition, start, end, new AbortController().signal)) {
      const text = (from: Int32Array, to: Int32Array, i: number): string | null =>
        from[i]! < 0 ? null : block.bytes.toString('utf8', from[i], to[i])
      for (let i = 0; i < block.count; i++) {
        const headers = Object.fromEntries(readHeaders(block, i).map(({ key, value }) => [key, Buffer.from(value ?? []).toString()]))
        const key = text(block.keyStart, block.keyEnd, i)
        const value = text(block.valueStart, block.valueEnd, i)
        found.push({ partition, offset: block.offsets[i]!, timestamp: block.timestamps[i]!, key, value, headers })
      }
    }
  }
  return found
}
