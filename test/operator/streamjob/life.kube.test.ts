import test from 'ava'
import { finalizers } from '../../../crds/names.ts'
import { configMaps, networkPolicies, podDisruptionBudgets, pods, serviceAccounts, services, statefulSets } from '../../../operator/kube/resources.ts'
import { streamJobs } from '../../../operator/streamjob/visit.ts'
import { eventually } from '../../support/eventually.ts'
import { is, openStage, steps, uniqueName } from './stage.ts'

test('a steps job starts, clears a missing topic by itself, scales, is suspended, resumes, takes a new program, and leaves nothing behind', async (t) => {
  await using stage = await openStage()
  const { kube, namespace } = stage
  const [orders, revenue] = [uniqueName('orders'), uniqueName('revenue')]
  const applicationId = `${namespace}.revenue`
  const at = { namespace, name: 'revenue' }
  const kafka = stage.kafka(applicationId)
  await stage.createTopic(revenue, 2)

  await stage.apply('revenue', { kafka: { brokers: [stage.broker] }, parallelism: 2, program: { steps: steps(orders, revenue) } })
  const waiting = await stage.until('revenue', (job) => is(job, 'TopicsReady', 'False', 'TopicMissing'), 'the missing topic')
  t.regex(waiting.status?.conditions?.find(({ type }) => type === 'TopicsReady')?.message ?? '', new RegExp(orders))
  t.true(is(waiting, 'ProgramValid', 'True'))
  t.is(await kafka.readJobRecord(), null)
  t.is(await kube.find(statefulSets, at), null)

  await stage.createTopic(orders, 4)
  const running = await stage.until('revenue', (job) => is(job, 'Ready', 'True', 'Running'), 'the job to run')
  t.is(running.status?.epoch, '1')
  t.is(running.status?.parallelism, 2)
  t.is(running.status?.workers, '2/2')
  t.is(running.status?.program?.tasks, 4)
  t.regex(running.status?.program?.fingerprint ?? '', /^[0-9a-f]{12}$/)
  t.is(running.status?.operation, undefined)
  t.deepEqual(running.metadata.finalizers, [finalizers.kafka])
  const record = await kafka.readJobRecord()
  t.is(record?.identity.uid, running.metadata.uid)
  t.is(record?.mode, 'run')
  for (const resource of [services, serviceAccounts, podDisruptionBudgets, networkPolicies])
    t.is((await kube.list(resource as never, { namespace })).items.length, 1)
  const topics = await kafka.describeTopics([`${applicationId}.job`, `${applicationId}.late`, `${applicationId}.dlq`])
  t.is(topics.size, 3)

  await stage.patch('revenue', { parallelism: 3 })
  await stage.until('revenue', (job) => is(job, 'Ready', 'True') && job.status?.workers === '3/3', 'three workers')
  t.is((await kafka.readJobRecord())?.epoch, 2)
  await stage.patch('revenue', { parallelism: 1 })
  await stage.until('revenue', (job) => job.status?.workers === '1/1' && job.status.operation === undefined, 'one worker')
  t.is((await kafka.readJobRecord())?.parallelism, 1)
  t.is((await kube.list(pods, { namespace })).items.length, 1)

  await stage.patch('revenue', { suspend: true })
  const suspended = await stage.until('revenue', (job) => is(job, 'Suspended', 'True'), 'the job to be suspended')
  t.true(is(suspended, 'Ready', 'False', 'SuspendedByUser'))
  t.is((await kube.get(statefulSets, at)).spec?.replicas, 0)
  t.is((await kafka.readJobRecord())?.mode, 'stop')
  await stage.patch('revenue', { suspend: false })
  await stage.until('revenue', (job) => is(job, 'Ready', 'True') && job.status?.epoch === '5', 'the job to resume')

  const before = (await kube.get(statefulSets, at)).spec?.template.metadata?.annotations?.['streamjob.dev/restart-hash']
  await stage.patch('revenue', {
    program: { steps: [...steps(orders, revenue).slice(0, 1), { filter: 'value.amount > 1.0' }, ...steps(orders, revenue).slice(1)] },
  })
  await stage.until(
    'revenue',
    (job) => is(job, 'Ready', 'True') && job.status?.epoch === '6' && job.status.operation === undefined,
    'the new program',
  )
  t.not((await kube.get(statefulSets, at)).spec?.template.metadata?.annotations?.['streamjob.dev/restart-hash'], before)
  t.is((await kube.list(configMaps, { namespace, labelSelector: 'streamjob.dev/job=revenue' })).items.length, 2)

  await kube.delete(streamJobs, at)
  await stage.untilGone('revenue')
  await eventually(async () => (await kafka.listInternalTopics()).length === 0, { what: 'no topic to be left' })
  t.is((await kafka.describeTopics([`${applicationId}.late`, `${applicationId}.dlq`, orders, revenue])).size, 4)
})
