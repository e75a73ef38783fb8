import { recordTopic, topicsGone, topicsThere } from '../../runtime/dev/topics.ts'
import { connectKafka } from '../../runtime/kafka/connect.ts'
import { connectAdmin } from '../../runtime/kafka/kafkajs/admin.ts'
import { systemTiming } from '../../runtime/kafka/timing.ts'
import type { Broker } from '../infra/kafka/broker.ts'
import { job, partitions } from './settings.ts'

/** Makes the job's input and output topic where they are missing. `afresh`: deletes what an earlier job of the demo has read and written before. */
export async function makeTopics(broker: Broker, options: { readonly afresh: boolean }): Promise<void> {
  const connection = { brokers: [broker.address] }
  await using admin = connectAdmin(connection, { clientId: 'demo' })
  await using kafka = connectKafka(connection, { clientId: 'demo' })
  if (options.afresh) {
    const all = [job.input, job.output, job.late, job.dead]
    await admin.deleteTopics(all)
    await topicsGone(kafka.reader, all, systemTiming)
  }
  const topics = [job.input, job.output]
  for (const topic of topics) await admin.createTopic(recordTopic(topic, partitions))
  await topicsThere(kafka.reader, topics, systemTiming)
}
