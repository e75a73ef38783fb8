/** The end of a bounded run: all input read and committed, then every window closed. */
import type { KafkaReader } from '../kafka/client.ts'
import { partitionKey } from '../kafka/records.ts'
import type { Timing } from '../kafka/timing.ts'
import type { WorkerStatus } from '../protocol.ts'
import type { LocalJob } from './local-job.ts'

export interface IdleOptions {
  readonly job: LocalJob
  readonly reader: KafkaReader
  readonly timing: Timing
  readonly signal: AbortSignal
}

/** Resolves when every record that stands in what the stages read is committed, or when the signal fires. */
export async function allRead({ job, reader, timing, signal }: IdleOptions): Promise<void> {
  while (!signal.aborted) {
    const ends = await endsOf(reader, job.stages)
    if (isRead(job.statuses, ends)) return
    await timing.sleep(pollMs, signal)
  }
}

/** Closes every window that is open, stage by stage, because results of one are records of the next. To be called when all is read. */
export async function closeAll(options: IdleOptions): Promise<void> {
  for (const { name } of options.job.stages) await closeStage(name, options)
}

/** When tasks moved meanwhile it is done again: one may have been left out. */
async function closeStage(stage: string, options: IdleOptions): Promise<void> {
  const { job, signal } = options
  while (!signal.aborted) {
    await allRead(options)
    const before = placement(job.statuses)
    await job.closeWindows(stage)
    if (placement(job.statuses) === before) return
  }
}

/** Whether tasks of all these partitions are at work and have committed up to the ends. */
export function isRead(statuses: readonly WorkerStatus[], ends: ReadonlyMap<string, number>): boolean {
  const committed = new Map<string, number>()
  for (const { state, tasks } of statuses) {
    if (state !== 'running') return false
    for (const { topic, partition, committedOffset } of tasks) {
      if (committedOffset !== null) committed.set(partitionKey(topic, partition), Number(committedOffset))
    }
  }
  return [...ends].every(([name, end]) => (committed.get(name) ?? -1) >= end)
}

const pollMs = 50

async function endsOf(reader: KafkaReader, stages: LocalJob['stages']): Promise<ReadonlyMap<string, number>> {
  const partitions = stages.flatMap(({ sourceTopic: topic, partitions: count }) =>
    Array.from({ length: count }, (_, partition) => ({ topic, partition })),
  )
  return new Map(
    await Promise.all(
      partitions.map(
        async ({ topic, partition }) => [partitionKey(topic, partition), await reader.listOffset(topic, partition, 'highWatermark')] as const,
      ),
    ),
  )
}

function placement(statuses: readonly WorkerStatus[]): string {
  return JSON.stringify(
    statuses.map(({ instanceId, generation, rewinds, tasks }) => [
      instanceId,
      generation,
      rewinds,
      tasks.map(({ stage, partition }) => [stage, partition]),
    ]),
  )
}
