/** Reading and writing the job record: by the operator, and by local runs in its place. */
import { StreamJobError } from '../errors.ts'
import { JobRecord, jobRecordKey, names } from '../protocol.ts'
import type { KafkaClient } from './client.ts'

/** The newest committed job record; null when there is none, or no job topic. */
export async function readJobRecord(kafka: KafkaClient, applicationId: string, signal: AbortSignal): Promise<JobRecord | null> {
  const topic = names.jobTopic(applicationId)
  if (!(await kafka.reader.describeTopics([topic])).has(topic)) return null
  const from = await kafka.reader.listOffset(topic, 0, 'earliest')
  const to = await kafka.reader.listOffset(topic, 0, 'highWatermark')
  let newest: string | null = null
  for await (const block of kafka.reader.readRange(topic, 0, from, to, signal)) {
    for (let i = 0; i < block.count; i++) {
      const [keyStart = -1, valueStart = -1] = [block.keyStart[i], block.valueStart[i]]
      if (keyStart < 0 || block.bytes.toString('utf8', keyStart, block.keyEnd[i]) !== jobRecordKey) continue
      newest = valueStart < 0 ? null : block.bytes.toString('utf8', valueStart, block.valueEnd[i])
    }
  }
  signal.throwIfAborted()
  return newest === null ? null : parseJobRecord(newest, topic)
}

/** Somebody else wrote the job record meanwhile: look again before doing anything. */
export class StaleJobRecord extends Error {
  override readonly name = 'StaleJobRecord'
}

/**
 * Takes the operator's transactional id, which fences whoever had it before, reads the newest record back, and only if its epoch is still `expectedEpoch`
 * (null: no record) writes the new one. Throws StaleJobRecord.
 */
export async function writeJobRecord(
  kafka: KafkaClient,
  applicationId: string,
  record: JobRecord,
  expectedEpoch: number | null,
  options: { readonly now: number; readonly signal: AbortSignal },
): Promise<void> {
  await using producer = kafka.transactionalProducer(names.operatorTransactionalId(applicationId))
  await producer.init()
  const found = (await readJobRecord(kafka, applicationId, options.signal))?.epoch ?? null
  if (found !== expectedEpoch) throw new StaleJobRecord(`the job record has epoch ${found ?? 'none'}, not ${expectedEpoch ?? 'none'}`)
  options.signal.throwIfAborted()
  const key = Buffer.from(jobRecordKey)
  const value = Buffer.from(JSON.stringify(record))
  producer.append(names.jobTopic(applicationId), 0, key, 0, key.length, value, 0, value.length, options.now, [])
  await producer.commit([], { groupId: names.group(applicationId), generation: -1, memberId: '', instanceId: null })
}

function parseJobRecord(text: string, where: string): JobRecord {
  try {
    return JobRecord.parse(JSON.parse(text))
  } catch (cause) {
    throw new StreamJobError('kafka-protocol', `The job record in ${where} can't be read; was it written by a newer operator?`, { cause })
  }
}
