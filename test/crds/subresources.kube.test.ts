import test from 'ava'
import { parseStreamJob } from '../../crds/streamjob.ts'
import type { StreamJobStatus } from '../../crds/streamjob-status.ts'
import { installDefinitions, streamJobs } from '../support/definitions.ts'
import { testClient, testNamespace } from '../support/kube.ts'

const client = await testClient()
await installDefinitions(client)
const namespace = await testNamespace(client)
test.after.always(() => client.close())

const spec = { kafka: { brokers: ['kafka:9092'] }, program: { inline: 'export default 1' } }
const job = (name: string) => ({ apiVersion: 'streamjob.dev/v1alpha1', kind: 'StreamJob', metadata: { name, namespace }, spec })

const status: StreamJobStatus = {
  observedGeneration: 1,
  epoch: '7',
  parallelism: 3,
  selector: 'streamjob.dev/job=full',
  workers: '2/3',
  conditions: [
    {
      type: 'Ready',
      status: 'False',
      reason: 'WorkersStarting',
      message: '2 of 3 workers are ready',
      lastTransitionTime: '2026-11-22T06:00:00Z',
      observedGeneration: 1,
    },
    { type: 'ProgramValid', status: 'True', reason: 'Planned', message: '', lastTransitionTime: '2026-11-22T06:00:00.123Z' },
  ],
  operation: {
    kind: 'Rescale',
    id: 'rescale-7',
    step: 'Evicting',
    from: 3,
    to: 2,
    savepoint: 'revenue-7',
    startedAt: '2026-11-22T06:00:00Z',
    stepStartedAt: '2026-11-22T06:00:01Z',
    deadline: '2026-11-22T06:10:00Z',
    inputs: { replicas: '3' },
  },
  program: { fingerprint: 'f1', codeHash: 'c1', image: 'jobs@sha256:0', stages: 2, tasks: 24 },
  restore: { id: 'r1', savepoint: 'before' },
  lastSavepoint: { name: 'revenue-6', completedAt: '2026-11-22T05:00:00Z' },
  autoscaler: { desired: 4, reason: 'lag', decidedAt: '2026-11-22T05:00:00Z' },
}

test('the scale subresource sets spec.parallelism', async (t) => {
  await client.create(streamJobs, job('scaled'))
  await client.patch(streamJobs, { namespace, name: 'scaled' }, { kind: 'merge', subresource: 'scale', body: { spec: { replicas: 5 } } })
  t.is(parseStreamJob(await client.get(streamJobs, { namespace, name: 'scaled' })).spec.parallelism, 5)
})

test('the status subresource keeps every field of the status and changes nothing else', async (t) => {
  const created = await client.create(streamJobs, job('full'))
  await client.updateStatus(streamJobs, { ...created, spec: { ...spec, suspend: true }, status })
  const read = parseStreamJob(await client.get(streamJobs, { namespace, name: 'full' }))
  t.deepEqual(read.status, status)
  t.false(read.spec.suspend)
  t.is(read.metadata.generation, 1)
})

test('a stored object parses with its metadata', async (t) => {
  const created = await client.create(streamJobs, { ...job('parsed'), metadata: { name: 'parsed', namespace, labels: { team: 'sales' } } })
  const { metadata } = parseStreamJob(created)
  t.deepEqual(
    {
      name: metadata.name,
      namespace: metadata.namespace,
      uid: metadata.uid,
      generation: metadata.generation,
      labels: metadata.labels,
      finalizers: metadata.finalizers,
    },
    { name: 'parsed', namespace, uid: created.metadata.uid, generation: 1, labels: { team: 'sales' }, finalizers: [] },
  )
})
