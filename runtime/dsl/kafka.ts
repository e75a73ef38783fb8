/** Topics as a program names them: where records come from and where results go. */
import type { Infer, ObjectType } from '../formats/types.ts'
import type { RecordSchema } from '../formats/schema.ts'
import type { SinkNode, StartFrom } from '../plan/nodes.ts'
import type { Duration, JsonObject, KeyOf } from './values.ts'

/** A topic with the types of its records and of their declared key, and the name of that. Made by `kafka`. */
export interface KafkaTopic<V, K = unknown, F = unknown> {
  readonly topic: string
  readonly key: string | null
  readonly schema: RecordSchema | null
  readonly startFrom: StartFrom | null
  readonly create: SinkNode['create']
  readonly format: string
  readonly idleTimeout: string | null
  /** Never there; carries the types for inference. */
  readonly inferred?: { readonly value: V; readonly key: K; readonly keyField: F }
}

export interface KafkaOptions<S extends Schema, F extends string = FieldName<S>> {
  readonly topic: string
  /** Source: the types of the records. Without it every field may be anything. */
  readonly schema?: S
  /** Source: the record key is this field, partitioned by Kafka's default partitioner. Then `keyBy` of it moves no record. */
  readonly key?: F
  /** Source: where to begin in partitions that were never read. @default the job's `processing.startFrom` */
  readonly startFrom?: 'earliest' | 'latest' | { readonly timestamp: number | string }
  /** Sink: make the topic when it is missing. Without it the topic must exist. @default replicationFactor: -1 (the brokers' default) */
  readonly create?: { readonly partitions: number; readonly replicationFactor?: number }
  /** @default 'json'; the others are not supported yet. */
  readonly format?: 'json' | 'avro' | 'protobuf' | 'debezium' | 'bytes' | 'string'
  /**
   * Source: after this time a partition that is read to its end, and gets nothing new, no longer holds the watermark.
   * @default the job's `processing.idleTimeout`
   */
  readonly idleTimeout?: Duration
}

/**
 * A topic, to read from or to write to.
 *
 * ```ts
 * stream.from(kafka({ topic: 'orders', key: 'customer', schema: t.object({ customer: t.string, amount: t.number }) }))
 * ```
 */
export function kafka<S extends Schema = undefined, const F extends FieldName<S> = never>(
  options: KafkaOptions<S, F>,
): KafkaTopic<ValueOf<S>, [F] extends [never] ? string : KeyOf<ValueOf<S>, F>, F> {
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

function parseStart(startFrom: NonNullable<KafkaOptions<Schema>['startFrom']>): StartFrom {
  if (typeof startFrom === 'string') return { kind: startFrom }
  const { timestamp } = startFrom
  return { kind: 'timestamp', timestamp: typeof timestamp === 'number' ? timestamp : Date.parse(timestamp) }
}

type Schema = ObjectType<unknown> | undefined
type ValueOf<S extends Schema> = S extends ObjectType<unknown> ? Infer<S> : JsonObject
type FieldName<S extends Schema> = keyof ValueOf<S> & string
