import test from 'ava'
import { applicationIdOf, upgradeModeOf } from '../../crds/derived.ts'
import { InvalidResource } from '../../crds/parse.ts'
import { parseStreamJob, parseStreamJobManifest } from '../../crds/streamjob.ts'

const spec = { kafka: { brokers: ['kafka:9092'] }, program: { inline: 'export default 1' } }
const manifest = { apiVersion: 'streamjob.dev/v1alpha1', kind: 'StreamJob', metadata: { name: 'revenue' }, spec }

const messageOf = (parse: () => unknown): string => {
  try {
    parse()
  } catch (error) {
    if (error instanceof InvalidResource) return error.message
    throw error
  }
  return ''
}

test('a manifest gets the defaults of the schema and the namespace default', (t) => {
  const job = parseStreamJobManifest(manifest)
  t.is(job.metadata.namespace, 'default')
  t.is(job.spec.parallelism, 1)
  t.is(job.spec.processing.sessionTimeout, '45s')
})

test('every problem has its own line with the path of the field', (t) => {
  const bad = { ...manifest, spec: { kafka: { brokers: [], sasl: { mechanism: 'x' } }, processing: { idleTimeout: 7 }, parallelism: -1 } }
  t.is(
    messageOf(() => parseStreamJobManifest(bad)),
    [
      'spec.program: required value',
      'spec.kafka.brokers: should be at least 1 items long',
      'spec.kafka.sasl.mechanism: supported values: "plain", "scram-sha-256", "scram-sha-512", "oauthbearer"',
      'spec.kafka.sasl.secret: required value',
      'spec.parallelism: should be at least 0',
      'spec.processing.idleTimeout: should be of type string',
    ].join('\n'),
  )
})

test('a manifest with a field that does not exist is refused', (t) => {
  const bad = { ...manifest, spec: { ...spec, paralelism: 2, kafka: { ...spec.kafka, tls: { ca: 'x' } } } }
  t.is(
    messageOf(() => parseStreamJobManifest(bad)),
    'spec.kafka.tls.ca: unknown field\nspec.paralelism: unknown field',
  )
})

test('fields of steps and of the pod template are not judged here', (t) => {
  const steps = [{ from: { topic: 'a', anything: [1] } }]
  const job = parseStreamJobManifest({
    ...manifest,
    spec: { ...spec, program: { steps }, pod: { template: { spec: { tolerations: [{ key: 'a' }] } } } },
  })
  t.deepEqual(job.spec.program.steps, steps)
  t.deepEqual(job.spec.pod.template, { spec: { tolerations: [{ key: 'a' }] } })
})

test('a stored object from a newer release parses without its new fields', (t) => {
  const metadata = { name: 'revenue', namespace: 'shop', uid: 'u', resourceVersion: '1', generation: 1, creationTimestamp: '2026-11-22T06:00:00Z' }
  const job = parseStreamJob({ ...manifest, metadata, spec: { ...spec, newField: 1 }, status: { epoch: '7', newField: 1 } })
  t.deepEqual(job.status, { epoch: '7' })
  t.false('newField' in job.spec)
})

test('a stored object without the identity that the API server gives is refused', (t) => {
  t.true(messageOf(() => parseStreamJob(manifest)).includes('metadata.uid: required value'))
})

test('the applicationId is NAMESPACE.NAME unless the spec says otherwise', (t) => {
  t.is(applicationIdOf(parseStreamJobManifest(manifest)), 'default.revenue')
  t.is(applicationIdOf(parseStreamJobManifest({ ...manifest, spec: { ...spec, kafka: { ...spec.kafka, applicationId: 'a' } } })), 'a')
})

test('the upgrade mode is Savepoint with storage and Restart without, unless the spec says otherwise', (t) => {
  const savepoints = { storage: { volumeClaim: 'pvc' } }
  t.is(upgradeModeOf(parseStreamJobManifest(manifest).spec), 'Restart')
  t.is(upgradeModeOf(parseStreamJobManifest({ ...manifest, spec: { ...spec, savepoints } }).spec), 'Savepoint')
  t.is(upgradeModeOf(parseStreamJobManifest({ ...manifest, spec: { ...spec, savepoints, upgrade: { mode: 'Restart' } } }).spec), 'Restart')
})
