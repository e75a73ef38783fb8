import { upgradeModeOf } from '../../crds/derived.ts'
import type { StreamJobSpec } from '../../crds/streamjob.ts'

/** Fields of the spec that ask for something that this version does not carry out, with the reason; empty when there is none. */
export function unsupportedFields(spec: StreamJobSpec): readonly string[] {
  return checks.filter(([, asks]) => asks(spec)).map(([field]) => field)
}

/** In the order of the reference page. */
const checks: readonly (readonly [field: string, asks: (spec: StreamJobSpec) => boolean])[] = [
  ['spec.kafka.sasl.mechanism: oauthbearer', (spec) => spec.kafka.sasl?.mechanism === 'oauthbearer'],
  ['spec.kafka.schemaRegistry', (spec) => spec.kafka.schemaRegistry !== undefined],
  ['spec.autoscaling.mode: Enabled or DryRun', (spec) => spec.autoscaling.mode !== 'Disabled'],
  ['spec.state.backend: Disk', (spec) => spec.state.backend !== 'Memory'],
  ['spec.savepoints.storage', (spec) => spec.savepoints.storage !== undefined],
  ['spec.upgrade.mode: Savepoint', (spec) => upgradeModeOf(spec) === 'Savepoint'],
  ['spec.restore', (spec) => spec.restore !== undefined],
]
