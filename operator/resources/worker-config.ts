import { parseDuration } from '../../crds/durations.ts'
import type { StreamJobSpec } from '../../crds/streamjob.ts'
import { paths, WorkerConfig } from '../../runtime/config.ts'
import { kafkaFiles } from './kafka-secrets.ts'
import type { ProgramSource } from './release.ts'

/** The worker's configuration file. It depends on the spec alone, so that it can stand in an immutable ConfigMap. */
export function workerConfig(spec: StreamJobSpec, applicationId: string, program: ProgramSource): WorkerConfig {
  const { kafka, processing, errors } = spec
  return WorkerConfig.parse({
    formatVersion: 1,
    applicationId,
    program: programPart(program),
    kafka: {
      brokers: kafka.brokers,
      ...(kafka.tls && {
        tls: {
          ...(kafka.tls.caSecret && { caFile: kafkaFiles.ca }),
          ...(kafka.tls.clientSecret !== undefined && { certFile: kafkaFiles.certificate, keyFile: kafkaFiles.key }),
        },
      }),
      ...(kafka.sasl && { sasl: { mechanism: kafka.sasl.mechanism, usernameFile: kafkaFiles.username, passwordFile: kafkaFiles.password } }),
    },
    processing: {
      guarantee: processing.guarantee,
      commitIntervalMs: parseDuration(processing.commitInterval),
      transactionTimeoutMs: parseDuration(processing.transactionTimeout),
      sessionTimeoutMs: parseDuration(processing.sessionTimeout),
      startFrom: startFrom(processing),
      maxFutureTimestampMs: parseDuration(processing.maxFutureTimestamp),
    },
    errors: { undecodable: errors.undecodable, processing: errors.processing, late: errors.late, lateTopic: errors.lateTopic ?? null },
  })
}

/** The files of a release's ConfigMap, or of a planning pod's, without the release itself. */
export function programFiles(spec: StreamJobSpec, applicationId: string, program: ProgramSource): Record<string, string> {
  return {
    'config.json': JSON.stringify(workerConfig(spec, applicationId, program), null, 2),
    ...(program.kind === 'module' && { 'program.ts': program.text }),
  }
}

function programPart(program: ProgramSource): WorkerConfig['program'] {
  switch (program.kind) {
    case 'steps':
      return { kind: 'steps', steps: [...program.steps] }
    case 'module':
      return { kind: 'module', path: paths.program }
    case 'image':
      return { kind: 'module', path: `${paths.app}/${program.module}` }
  }
}

function startFrom({ startFrom: from, startTimestamp }: StreamJobSpec['processing']): WorkerConfig['processing']['startFrom'] {
  switch (from) {
    case 'Earliest':
      return { kind: 'earliest' }
    case 'Latest':
      return { kind: 'latest' }
    case 'Timestamp':
      // The schema lets startFrom: Timestamp through only with a startTimestamp.
      return { kind: 'timestamp', timestamp: Date.parse(startTimestamp ?? '') }
  }
}
