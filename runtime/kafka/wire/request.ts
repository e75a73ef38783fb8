import type { TopicPartition } from '../records.ts'
import type { WireReader } from './reader.ts'
import type { WireWriter } from './writer.ts'

/** One request of the Kafka protocol in the one version that we speak. */
export interface RequestKind<Q, A> {
  readonly apiKey: number
  readonly version: number
  readonly name: string
  /** Header and body end with tagged fields. */
  readonly flexible: boolean
  /** About how many bytes the body takes, where that is much. */
  capacity?(request: Q): number
  encode(writer: WireWriter, request: Q): void
  decode(reader: WireReader): A
}

/** Requests name each topic once; the order of topics and partitions is kept. */
export function byTopic<P extends TopicPartition>(partitions: readonly P[]): { readonly topic: string; readonly partitions: readonly P[] }[] {
  const topics = new Map<string, P[]>()
  for (const partition of partitions) {
    const known = topics.get(partition.topic)
    if (known === undefined) topics.set(partition.topic, [partition])
    else known.push(partition)
  }
  return Array.from(topics, ([topic, members]) => ({ topic, partitions: members }))
}
