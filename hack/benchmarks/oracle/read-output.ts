/** Reads what a job has committed and says whether it is right. */
import type { KafkaReader } from '../../../runtime/kafka/client.ts'
import type { Oracle, ResultRow } from './oracle.ts'

/** Null: the topic holds every result once, with exactly its values, and the topics for failed records are empty. Reads committed records only. */
export async function checkOutput(reader: KafkaReader, output: string, failed: readonly string[], oracle: Oracle): Promise<string | null> {
  const topics = await reader.describeTopics([output, ...failed])
  for (const topic of failed) {
    for (let partition = 0; partition < (topics.get(topic)?.partitions ?? 0); partition++) {
      if ((await reader.listOffset(topic, partition, 'highWatermark')) > 0) return `there are records in ${topic}`
    }
  }
  const check = oracle.check()
  const { signal } = new AbortController()
  for (let partition = 0; partition < (topics.get(output)?.partitions ?? 0); partition++) {
    const end = await reader.listOffset(output, partition, 'highWatermark')
    for await (const { bytes, count, keyStart, keyEnd, valueStart, valueEnd } of reader.readRange(output, partition, 0, end, signal)) {
      for (let i = 0; i < count; i++) {
        const row = JSON.parse(bytes.toString('utf8', valueStart[i], valueEnd[i])) as ResultRow
        const key = bytes.toString('utf8', keyStart[i], keyEnd[i])
        if (key !== String(row[oracle.keyField])) return `a result of ${oracle.keyField} ${String(row[oracle.keyField])} has the key ${key}`
        check.add(row)
      }
    }
  }
  return check.verdict()
}
