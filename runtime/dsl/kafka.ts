/** Topics as a program names them: where records come from and where results go. */
import type { Infer, ObjectType } from '../formats/types.ts'
import type { RecordSchema } from '../formats/schema.ts'
import type { SinkNode, StartFrom } from '../plan/nodes.ts'
import type { Duration, JsonObject } from './values.ts'

/** A topic with the type of its records. Made by `kafka`. */
export interface KafkaTopic<V> {
  readonly topic: string
  readonly key: string | null
  readonly schema: RecordSchema | null
  readonly startFrom: StartFrom | null
  readonly create: SinkNode['create']
  readonly format: string
  readonly idleTimeout: string | null
  /** Never there; carries V for inference. */
  readonly inferred?: V
}

export interface KafkaOptions<V, S extends ObjectType<V> | undefined = ObjectType<V> | undefined> {
  readonly topic: string
  /** Source: the types of the records. Without it every field may be anything. */
  readonly schema?: S
  /** Source: the record key is this field, partitioned by Kafka's default partitioner. Then `keyBy` of it moves no record. */
  readonly key?: NoInfer<S extends ObjectType<infer T> ? keyof T & string : string>
  /** Source: where to begin in partitions that were never read. @default the job's `processing.startFrom` */
  readonly startFrom?: 'earliest' | 'latest' | { readonly timestamp: number | string }
  /** Sink: make the topic when it is missing. Without it the topic must exist. @default replicationFactor: -1 (the brokers' default) */
  readonly create?: { readonly partitions: number; readonly replicationFactor?: number }
  /** @default 'json'; the others are not supported yet. */
  readonly format?: 'json' | 'avro' | 'protobuf' | 'debezium' | 'bytes' | 'string'
  /** Not supported yet. */
  readonly idleTimeout?: Duration
}

/**
 * A topic, to read from or to write to.
 *
 * ```ts
 * stream.from(kafka({ topic: 'orders', key: 'customer', schema: t.object({ customer: t.string, amount: t.number }) }))
 * ```
 */
export function kafka<S extends ObjectType<unknown> | undefined = undefined>(
  options: KafkaOptions<unknown, S>,
): KafkaTopic<S extends ObjectType<unknown> ? Infer<S> : JsonObject> {
  const { topic, key, schema, startFrom, create, format, idleTimeout } = options
  return Object.freeze({
    topic,
    key: key ?? null,
    schema: schema?.schema ?? null,
    startFrom: startFrom === undefined ? null : parseStart(startFrom),
    create: create === undefined ? null : { partitions: create.partitions, replicationFactor: create.replicationFactor ?? -1 },
    format: format ?? 'json',
    idleTimeout: idleTimeout ?? null,
  })
}

function parseStart(startFrom: NonNullable<KafkaOptions<unknown>['startFrom']>): StartFrom {
  if (typeof startFrom === 'string') return { kind: startFrom }
  const { timestamp } = startFrom
  return { kind: 'timestamp', timestamp: typeof timestamp === 'number' ? timestamp : Date.parse(timestamp) }
}
