/** Values that follow from more than one field, so that no schema default can give them. */
import type { StreamJob, StreamJobSpec } from './streamjob.ts'

/** Prefix of everything the job owns in Kafka. */
export function applicationIdOf(job: {
  readonly metadata: Pick<StreamJob['metadata'], 'namespace' | 'name'>
  readonly spec: Pick<StreamJobSpec, 'kafka'>
}): string {
  return job.spec.kafka.applicationId ?? `${job.metadata.namespace}.${job.metadata.name}`
}

/** How a changed program takes over. */
export function upgradeModeOf(spec: Pick<StreamJobSpec, 'upgrade' | 'savepoints'>): 'Savepoint' | 'Restart' {
  return spec.upgrade.mode ?? (spec.savepoints.storage === undefined ? 'Restart' : 'Savepoint')
}
