import test from 'ava'
import { KubeError } from '../../operator/kube/errors.ts'
import { installDefinitions, savepoints, streamJobs } from '../support/definitions.ts'
import { testClient, testNamespace } from '../support/kube.ts'

const client = await testClient()
await installDefinitions(client)
const namespace = await testNamespace(client)
test.after.always(() => client.close())

const apiVersion = 'streamjob.dev/v1alpha1'
const brokers = ['kafka:9092']
const program = { inline: 'export default 1' }

interface Change {
  readonly title: string
  readonly from: object
  readonly to: object
  /** Null: the change is fine. */
  readonly refusal: { readonly field: string; readonly message: RegExp } | null
}

const applicationId = { field: 'spec.kafka.applicationId', message: /applicationId can't be changed, added or removed/ }
const volume = (size: string, storageClassName?: string): object => ({
  state: { volume: { size, ...(storageClassName === undefined ? {} : { storageClassName }) } },
})

const changes: readonly Change[] = [
  {
    title: 'applicationId does not change',
    from: { kafka: { brokers, applicationId: 'a' } },
    to: { kafka: { brokers, applicationId: 'b' } },
    refusal: applicationId,
  },
  { title: 'applicationId is not added', from: { kafka: { brokers } }, to: { kafka: { brokers, applicationId: 'b' } }, refusal: applicationId },
  { title: 'applicationId is not removed', from: { kafka: { brokers, applicationId: 'a' } }, to: { kafka: { brokers } }, refusal: applicationId },
  {
    title: 'brokers may change',
    from: { kafka: { brokers, applicationId: 'a' } },
    to: { kafka: { brokers: ['other:9092'], applicationId: 'a' } },
    refusal: null,
  },
  { title: 'a volume may grow', from: volume('900Mi'), to: volume('1Gi'), refusal: null },
  {
    title: 'a volume does not shrink',
    from: volume('1Gi'),
    to: volume('1000Mi'),
    refusal: { field: 'spec.state.volume.size', message: /size can only grow/ },
  },
  {
    title: 'a volume keeps its class',
    from: volume('1Gi', 'fast'),
    to: volume('1Gi', 'slow'),
    refusal: { field: 'spec.state.volume.storageClassName', message: /storageClassName can't be changed/ },
  },
  {
    title: 'a volume gets no class later',
    from: volume('1Gi'),
    to: volume('1Gi', 'slow'),
    refusal: { field: 'spec.state.volume.storageClassName', message: /storageClassName can't be changed/ },
  },
  { title: 'a volume may be taken away', from: volume('1Gi', 'fast'), to: {}, refusal: null },
  { title: 'a program may change', from: { program }, to: { program: { image: 'jobs:1', module: 'a.ts' } }, refusal: null },
]

for (const [index, { title, from, to, refusal }] of changes.entries()) {
  test(`${title}`, async (t) => {
    const metadata = { name: `job-${index}`, namespace }
    const stored = await client.create(streamJobs, { apiVersion, kind: 'StreamJob', metadata, spec: { kafka: { brokers }, program, ...from } })
    const changed = client.update(streamJobs, { ...stored, spec: { kafka: { brokers }, program, ...to } })
    if (refusal === null) {
      await t.notThrowsAsync(changed)
    } else {
      const error = await t.throwsAsync(changed, { instanceOf: KubeError })
      t.is(error.causes[0]?.field, refusal.field)
      t.regex(error.causes[0]?.message ?? '', refusal.message)
    }
  })
}

test('the job of a Savepoint does not change', async (t) => {
  const stored = await client.create(savepoints, { apiVersion, kind: 'Savepoint', metadata: { name: 'a', namespace }, spec: { job: 'revenue' } })
  const error = await t.throwsAsync(client.update(savepoints, { ...stored, spec: { job: 'other' } }), { instanceOf: KubeError })
  t.is(error.causes[0]?.field, 'spec.job')
  t.regex(error.causes[0]?.message ?? '', /job can't be changed/)
})

test('the deletion policy of a Savepoint may change', async (t) => {
  const stored = await client.create(savepoints, { apiVersion, kind: 'Savepoint', metadata: { name: 'b', namespace }, spec: { job: 'revenue' } })
  const changed = await client.update(savepoints, { ...stored, spec: { job: 'revenue', deletionPolicy: 'Delete' } })
  t.deepEqual(changed.spec, { job: 'revenue', deletionPolicy: 'Delete' })
})
