import type { StreamJobSpec } from '../../crds/streamjob.ts'
import type { WorkerConfig } from '../../runtime/config.ts'
import { paths, workerConfigOf } from '../../runtime/config.ts'
import { kafkaFiles } from './kafka-secrets.ts'
import type { ProgramSource } from './release.ts'

/** The worker's configuration file. It depends on the spec alone, so that it can stand in an immutable ConfigMap. */
export function workerConfig(spec: StreamJobSpec, applicationId: string, program: ProgramSource): WorkerConfig {
  const place = { applicationId, program: programPart(program), kafka: connection(spec) }
  return workerConfigOf(spec, { ...place, ...(spec.state.volume && { stateDirectory: paths.state }) })
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

/** Credentials are files that the pod mounts. */
function connection({ kafka: { brokers, tls, sasl } }: StreamJobSpec): object {
  return {
    brokers,
    ...(tls && {
      tls: {
        ...(tls.caSecret && { caFile: kafkaFiles.ca }),
        ...(tls.clientSecret !== undefined && { certFile: kafkaFiles.certificate, keyFile: kafkaFiles.key }),
      },
    }),
    ...(sasl && { sasl: { mechanism: sasl.mechanism, usernameFile: kafkaFiles.username, passwordFile: kafkaFiles.password } }),
  }
}
