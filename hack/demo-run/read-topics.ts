import { connectKafka } from '../../runtime/kafka/connect.ts'
import type { Broker } from '../infra/kafka/broker.ts'
import { consoleConsume, type ConsoleRecord } from '../infra/kafka/tools.ts'
import { waitUntil } from '../infra/wait.ts'
import { job, partitions } from './settings.ts'

/** Waits until the job has committed that it has read all input, to which nobody may be writing. */
export async function caughtUp(broker: Broker): Promise<void> {
  await using kafka = connectKafka({ brokers: [broker.address] }, { clientId: 'demo' })
  const input = Array.from({ length: partitions }, (_, partition) => ({ topic: job.input, partition }))
  const ends = await Promise.all(input.map(({ topic, partition }) => kafka.reader.listOffset(topic, partition, 'highWatermark')))
  const isDone = async (): Promise<boolean> => {
    const committed = await kafka.reader.committedOffsets(job.applicationId, input)
    return input.every(({ topic, partition }) => (committed.get(`${topic}-${partition}`)?.offset ?? -1) >= (ends[partition] ?? 0))
  }
  await waitUntil('commit of all input by the job', isDone, 90_000)
}

/** All committed records of the four topics, by Kafka's own console consumer. */
export async function readTopics(broker: Broker): Promise<Readonly<Record<'input' | 'output' | 'late' | 'dead', readonly ConsoleRecord[]>>> {
  const read = (topic: string): Promise<ConsoleRecord[]> => Array.fromAsync(consoleConsume(broker, topic))
  const [input, output, late, dead] = await Promise.all([job.input, job.output, job.late, job.dead].map(read))
  return { input: input ?? [], output: output ?? [], late: late ?? [], dead: dead ?? [] }
}
