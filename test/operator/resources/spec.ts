/** A StreamJob's spec with defaults, for tests. */
import { parseStreamJobManifest, type StreamJobSpec } from '../../../crds/streamjob.ts'

export function specOf(spec: Readonly<Record<string, unknown>> = {}): StreamJobSpec {
  const program = { steps: [{ from: { topic: 'in' } }, { to: { topic: 'out' } }] }
  const manifest = { apiVersion: 'streamjob.dev/v1alpha1', kind: 'StreamJob', metadata: { name: 'revenue' } }
  return parseStreamJobManifest({ ...manifest, spec: { kafka: { brokers: ['kafka:9092'] }, program, ...spec } }).spec
}
