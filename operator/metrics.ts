import { Counter, Gauge, Histogram, type Registry } from '@prometheus-io/client'

/** Every metric of the operator, once; operator/docs/metrics.md lists the same, and a test compares the two. */
export const metricTable = {
  reconciles: {
    name: 'streamjob_operator_reconciles_total',
    type: 'counter',
    help: 'Reconciles that ended, by result: done, again (asked to come back), conflict (lost a race for a write), error, stopped.',
    labels: ['controller', 'result'],
  },
  reconcileSeconds: {
    name: 'streamjob_operator_reconcile_seconds',
    type: 'histogram',
    help: 'How long one reconcile took.',
    labels: ['controller'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
  },
  oldestReconcileSeconds: {
    name: 'streamjob_operator_oldest_reconcile_seconds',
    type: 'gauge',
    help: 'Age of the reconcile that has been running longest; 0 when none runs.',
    labels: ['controller'],
  },
  queueDepth: {
    name: 'streamjob_operator_queue_depth',
    type: 'gauge',
    help: 'Objects that wait for a reconcile now.',
    labels: ['controller'],
  },
  queueSeconds: {
    name: 'streamjob_operator_queue_seconds',
    type: 'histogram',
    help: 'How long an object waited for its reconcile.',
    labels: ['controller'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 10, 30, 60, 300],
  },
  cachedObjects: {
    name: 'streamjob_operator_cached_objects',
    type: 'gauge',
    help: 'Objects in the local copy of a resource.',
    labels: ['resource'],
  },
  watchRestarts: {
    name: 'streamjob_operator_watch_restarts_total',
    type: 'counter',
    help: 'Watches that ended and were begun again, by reason: closed by the server, or the reason of the error.',
    labels: ['resource', 'reason'],
  },
  apiCalls: {
    name: 'streamjob_operator_api_calls_total',
    type: 'counter',
    help: 'Calls to the Kubernetes API by HTTP status; 0 is no answer.',
    labels: ['verb', 'resource', 'status'],
  },
  apiCallSeconds: {
    name: 'streamjob_operator_api_call_seconds',
    type: 'histogram',
    help: 'How long calls to the Kubernetes API took, waiting for the own rate limit included.',
    labels: ['verb'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
  leader: {
    name: 'streamjob_operator_leader',
    type: 'gauge',
    help: '1 on the replica that holds the lease.',
    labels: [],
  },
  eventsDropped: {
    name: 'streamjob_operator_events_dropped_total',
    type: 'counter',
    help: 'Kubernetes events that were not recorded, by reason: rate, full, error.',
    labels: ['reason'],
  },
} as const satisfies Record<string, MetricDefinition>

export interface MetricDefinition {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  readonly buckets?: readonly number[]
}

type Instrument<Definition extends MetricDefinition> = Definition['type'] extends 'counter'
  ? Counter<Definition['labels'][number]>
  : Definition['type'] extends 'gauge'
    ? Gauge<Definition['labels'][number]>
    : Histogram<Definition['labels'][number]>

/** The metrics of one process, by their names in the table. */
export type Metrics = { readonly [Name in keyof typeof metricTable]: Instrument<(typeof metricTable)[Name]> } & {
  readonly registry: Registry
  /** Runs `sample` before each scrape, for gauges that are measured rather than counted; the returned function ends that. */
  beforeScrape(sample: () => void): () => void
  /** The text that Prometheus reads. */
  scrape(): Promise<string>
}

/** Registers the whole table. */
export function createMetrics(registry: Registry): Metrics {
  const samples = new Set<() => void>()
  const instruments = Object.fromEntries(Object.entries(metricTable).map(([name, definition]) => [name, instrument(definition, registry)]))
  return {
    // The table and the type are the same list: the cast only says so.
    ...(instruments as unknown as { readonly [Name in keyof typeof metricTable]: Instrument<(typeof metricTable)[Name]> }),
    registry,
    beforeScrape(sample) {
      samples.add(sample)
      return () => void samples.delete(sample)
    },
    scrape() {
      for (const sample of samples) sample()
      return registry.metrics()
    },
  }
}

function instrument(definition: MetricDefinition, registry: Registry): Counter<string> | Gauge<string> | Histogram<string> {
  const common = { name: definition.name, help: definition.help, labelNames: [...definition.labels], registers: [registry] }
  switch (definition.type) {
    case 'counter':
      return new Counter(common)
    case 'gauge':
      return new Gauge(common)
    case 'histogram':
      return new Histogram({ ...common, buckets: [...(definition.buckets ?? [])] })
  }
}
