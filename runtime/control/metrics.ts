/** The metrics of a worker: names, help and labels stand in one table, compared with runtime/docs/metrics.md by a test. Read at each scrape. */
import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client'
import { activities } from '../time/activity.ts'
import type { Telemetry } from '../worker/telemetry.ts'
import { createTelemetry } from '../worker/telemetry.ts'
import { isReady } from '../worker/status.ts'
import type { Worker } from '../worker/worker.ts'

export const workerMetrics = {
  streamjob_records_in_total: { type: 'counter', labels: ['stage', 'partition'], help: 'Records read from the source and processed.' },
  streamjob_records_out_total: {
    type: 'counter',
    labels: ['stage', 'partition'],
    help: 'Records given to the sink; those of an aborted transaction too.',
  },
  streamjob_records_dropped_total: { type: 'counter', labels: ['stage', 'partition', 'reason'], help: 'Records that did not go through, by reason.' },
  streamjob_windows_closed_total: { type: 'counter', labels: ['stage', 'partition'], help: 'Windows whose results were emitted.' },
  streamjob_commits_total: { type: 'counter', labels: [], help: 'Transactions committed.' },
  streamjob_rewinds_total: { type: 'counter', labels: [], help: 'Times that the worker went back to the confirmed commit.' },
  streamjob_joins_total: { type: 'counter', labels: [], help: 'Times that the worker joined its group.' },
  streamjob_task_restores_total: { type: 'counter', labels: [], help: 'Tasks restored from their changelog.' },
  streamjob_snapshot_restores_total: {
    type: 'counter',
    labels: [],
    help: 'Tasks restored from their local snapshot and the end of their changelog.',
  },
  streamjob_warm_restores_total: { type: 'counter', labels: [], help: 'Tasks restored from a warm copy and the end of their changelog.' },
  streamjob_paused_seconds_total: { type: 'counter', labels: [], help: 'Time between the end of a cycle and the start of the next: rebalances.' },
  streamjob_restored_rows_total: { type: 'counter', labels: [], help: 'Changelog rows read to restore tasks.' },
  streamjob_snapshot_written_bytes_total: { type: 'counter', labels: [], help: 'Bytes written to local snapshots.' },
  streamjob_snapshot_failures_total: { type: 'counter', labels: [], help: 'Times that a local snapshot could not be used or written.' },
  streamjob_busy_seconds_total: { type: 'counter', labels: [], help: 'Time spent processing records.' },
  streamjob_commit_duration_seconds: { type: 'histogram', labels: [], help: 'Duration of a commit, from the last flush to its confirmation.' },
  streamjob_tasks: { type: 'gauge', labels: [], help: 'Tasks of this worker.' },
  streamjob_lag_records: { type: 'gauge', labels: ['stage', 'partition'], help: 'Records between the position and the last stable offset.' },
  streamjob_end_lag_records: {
    type: 'gauge',
    labels: ['stage', 'partition'],
    help: 'Records between the position and the end, open transactions included.',
  },
  streamjob_input_activity: {
    type: 'gauge',
    labels: ['stage', 'partition', 'activity'],
    help: '1 for what the partition is, 0 for the others of `active`, `idle`, `stalled`.',
  },
  streamjob_held_back: {
    type: 'gauge',
    labels: ['stage', 'partition'],
    help: '1 while the partition is not read on because others are too far behind (`maxDrift`).',
  },
  streamjob_held_back_seconds_total: { type: 'counter', labels: ['stage', 'partition'], help: 'Time for which it was not read on for that.' },
  streamjob_watermark_seconds: { type: 'gauge', labels: ['stage', 'partition'], help: 'Watermark as Unix time; absent before the first record.' },
  streamjob_state_rows: { type: 'gauge', labels: ['stage', 'partition'], help: 'Rows of keyed state.' },
  streamjob_state_bytes: { type: 'gauge', labels: ['stage', 'partition'], help: 'Memory held by keyed state.' },
  streamjob_snapshot_bytes: { type: 'gauge', labels: ['stage', 'partition'], help: 'Size of the local snapshot on the volume.' },
  streamjob_warm_copies: { type: 'gauge', labels: [], help: 'Copies of tasks of other workers that are nearly up to date.' },
  streamjob_warm_copy_lag_records: {
    type: 'gauge',
    labels: ['stage', 'partition'],
    help: 'Records between a copy of a task and the end of its changelog.',
  },
  streamjob_ready: { type: 'gauge', labels: [], help: '1 while the worker works under the newest job record and its last step did not fail.' },
} as const satisfies Record<string, { type: 'counter' | 'gauge' | 'histogram'; labels: readonly string[]; help: string }>

type Name = keyof typeof workerMetrics

/** A registry and the telemetry to hand to the worker; `attach` connects the worker once it exists. */
export function createWorkerMetrics(): { readonly registry: Registry; readonly telemetry: Telemetry; attach(worker: Worker): void } {
  const registry = new Registry()
  const histogram = new Histogram({
    name: 'streamjob_commit_duration_seconds',
    help: workerMetrics.streamjob_commit_duration_seconds.help,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  })
  const telemetry = createTelemetry((seconds) => histogram.observe(seconds))
  return { registry, telemetry, attach: (worker) => registerScrape(registry, worker) }
}

type Samples = (emit: (labels: Record<string, string | number>, value: number) => void) => void

function registerScrape(registry: Registry, worker: Worker): void {
  const perTask =
    (value: (task: Worker['tasks'][number]) => number | null): Samples =>
    (emit) => {
      for (const task of worker.tasks) {
        const sample = value(task)
        if (sample !== null) emit({ stage: task.id.stage, partition: task.id.partition }, sample)
      }
    }
  const plain =
    (value: () => number): Samples =>
    (emit) =>
      emit({}, value())
  const lag = (end: 'lastStableOffset' | 'highWatermark'): Samples => {
    return (emit) => {
      for (const task of worker.status().tasks) {
        const to = task[end]
        if (to !== null) emit({ stage: task.stage, partition: task.partition }, Math.max(0, Number(to) - Number(task.position)))
      }
    }
  }
  const dropped: Samples = (emit) => {
    for (const task of worker.tasks) {
      for (const [reason, count] of Object.entries(task.stage.counters.dropped))
        emit({ stage: task.id.stage, partition: task.id.partition, reason }, count)
    }
  }
  const activity: Samples = (emit) => {
    for (const { stage, partition, activity: state } of worker.status().tasks) {
      for (const one of activities) emit({ stage, partition, activity: one }, one === state ? 1 : 0)
    }
  }
  const sources: Record<Exclude<Name, 'streamjob_commit_duration_seconds'>, Samples> = {
    streamjob_records_in_total: perTask((task) => task.stage.counters.recordsIn),
    streamjob_records_out_total: perTask((task) => task.stage.counters.recordsOut),
    streamjob_records_dropped_total: dropped,
    streamjob_windows_closed_total: perTask((task) => task.stage.counters.windowsClosed),
    streamjob_commits_total: plain(() => worker.telemetry.commits),
    streamjob_rewinds_total: plain(() => worker.telemetry.rewinds),
    streamjob_joins_total: plain(() => worker.telemetry.joins),
    streamjob_task_restores_total: plain(() => worker.telemetry.restores),
    streamjob_snapshot_restores_total: plain(() => worker.telemetry.snapshotRestores),
    streamjob_warm_restores_total: plain(() => worker.telemetry.warmRestores),
    streamjob_paused_seconds_total: plain(() => worker.telemetry.pausedMs / 1_000),
    streamjob_restored_rows_total: plain(() => worker.telemetry.restoredRows),
    streamjob_snapshot_written_bytes_total: plain(() => worker.telemetry.snapshotBytes),
    streamjob_snapshot_failures_total: plain(() => worker.telemetry.snapshotFailures),
    streamjob_busy_seconds_total: plain(() => worker.telemetry.busyMs / 1_000),
    streamjob_tasks: plain(() => worker.tasks.length),
    streamjob_lag_records: lag('lastStableOffset'),
    streamjob_end_lag_records: lag('highWatermark'),
    streamjob_input_activity: activity,
    streamjob_held_back: perTask(({ hold }) => (hold === null ? null : hold.heldBack === null ? 0 : 1)),
    streamjob_held_back_seconds_total: perTask(({ hold }) => (hold === null ? null : hold.heldMs / 1_000)),
    streamjob_watermark_seconds: perTask((task) => (Number.isFinite(task.stage.watermark) ? task.stage.watermark / 1_000 : null)),
    streamjob_state_rows: perTask((task) => task.store.rows),
    streamjob_state_bytes: perTask((task) => task.store.memoryBytes),
    streamjob_snapshot_bytes: perTask((task) => worker.snapshotBytes(task.name)),
    streamjob_warm_copies: plain(() => worker.status().warm.filter(({ warm }) => warm).length),
    streamjob_warm_copy_lag_records: (emit) => {
      for (const { stage, partition, lag } of worker.status().warm) if (lag !== null) emit({ stage, partition }, Number(lag))
    },
    streamjob_ready: plain(() => (isReady(worker.status()) ? 1 : 0)),
  }
  for (const [name, samples] of Object.entries(sources)) register(registry, name as keyof typeof sources, samples)
}

/** Counters are kept by the stages; at a scrape the metric is set to what they say. */
function register(registry: Registry, name: Exclude<Name, 'streamjob_commit_duration_seconds'>, samples: Samples): void {
  const { type, help, labels } = workerMetrics[name]
  const shared = { name, help, labelNames: [...labels], registers: [registry] }
  if (type === 'gauge') {
    const gauge: Gauge<string> = new Gauge({
      ...shared,
      collect() {
        gauge.reset()
        samples((values, value) => gauge.set(values, value))
      },
    })
    return
  }
  const counter: Counter<string> = new Counter({
    ...shared,
    collect() {
      counter.reset()
      samples((values, value) => counter.inc(values, value))
    },
  })
}
