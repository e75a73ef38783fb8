/** What a worker is put together from. */
import type { WorkerConfig } from '../config.ts'
import type { KafkaClient } from '../kafka/client.ts'
import type { Stage } from '../plan/nodes.ts'
import type { Disk } from './snapshots/disk.ts'
import type { SnapshotSizes } from './snapshots/sizes.ts'
import type { Telemetry } from './telemetry.ts'

/** The part of a log that a worker writes. */
export interface Logger {
  info(message: string, fields?: Record<string, unknown>): void
  warn(message: string, fields?: Record<string, unknown>): void
  error(message: string, fields?: Record<string, unknown>): void
}

export interface WorkerParts {
  readonly config: WorkerConfig
  readonly stages: readonly Stage[]
  readonly codeHash: string
  /** metadata.uid of the StreamJob that this worker is of; null: it is not told, and works for whoever the job record names. */
  readonly jobUid: string | null
  readonly instanceId: string
  readonly ordinal: number
  readonly kafka: KafkaClient
  readonly log: Logger
  readonly telemetry: Telemetry
  /** What local snapshots are kept on, if the configuration names a directory for them. */
  readonly disk?: Disk
  /** Tells files of snapshots apart: a whole number below 2^32. @default drawn by the system */
  readonly lot?: () => number
  /** How much of snapshots is written at a time. @default usualSizes */
  readonly snapshotSizes?: SnapshotSizes
  /** Epoch ms. */
  readonly clock: () => number
  /** Monotonic ms. */
  readonly now: () => number
  /** Resolves after the time or at once when the signal fires; never rejects. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>
  /** Output of a closing window is cut into slices of about so many bytes. @default 1 MiB */
  readonly sliceBytes?: number
  /** Lets heartbeats, probes and everything else that is due have their turn. */
  readonly turn: () => Promise<void>
}
