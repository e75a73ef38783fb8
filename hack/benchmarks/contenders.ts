/** Who is measured: a system, how it is programmed and set. */

export interface Contender {
  readonly system: System
  readonly variant: Variant
  readonly guarantee: Guarantee
  /** Commit interval, or checkpoint interval, ms. */
  readonly intervalMs: number
}

export type System = 'streamjob' | 'kafka-streams' | 'flink' | 'plain-java' | 'kafkajs'

/**
 * streamjob: `steps` with a declared schema and CEL, `lambdas` (TypeScript functions over a declared schema), `schemaless` (functions over JSON as it comes).
 * Engines on the JVM: where their state is. Plain consumers: a map of the language, lost with the process.
 */
export type Variant = 'steps' | 'lambdas' | 'schemaless' | 'memory' | 'disk' | 'map'

export type Guarantee = 'exactly-once' | 'at-least-once'

/** In tables and plots: `Flink, memory, exactly once, 1 s`. */
export function labelOf({ system, variant, guarantee, intervalMs }: Contender): string {
  const interval = intervalMs % 1_000 === 0 ? `${intervalMs / 1_000} s` : `${intervalMs} ms`
  return `${titles[system]}, ${variantTitles[variant]}, ${guarantee === 'exactly-once' ? 'exactly once' : 'at least once'}, ${interval}`
}

/** The same contender with the other guarantee. */
export const atLeastOnce = (contender: Contender): Contender => ({ ...contender, guarantee: 'at-least-once' })

export const titles: Readonly<Record<System, string>> = {
  streamjob: 'streamjob',
  'kafka-streams': 'Kafka Streams',
  flink: 'Flink',
  'plain-java': 'plain Java consumer',
  kafkajs: 'plain kafkajs',
}

const variantTitles: Readonly<Record<Variant, string>> = {
  steps: 'steps',
  lambdas: 'functions',
  schemaless: 'functions, no schema',
  memory: 'memory',
  disk: 'RocksDB',
  map: 'map',
}
