import test from 'ava'
import { isForbidden } from '../../operator/kube/errors.ts'
import type { KubeClient } from '../../operator/kube/client.ts'
import {
  configMaps,
  events,
  type KubeObject,
  leases,
  namespaces,
  persistentVolumeClaims,
  pods,
  type Resource,
  secrets,
  serviceAccounts,
  statefulSets,
} from '../../operator/kube/resources.ts'
import { streamJobs } from '../../operator/streamjob/visit.ts'
import { eventually } from '../support/eventually.ts'
import { installDefinitions } from '../support/definitions.ts'
import { testClient, testNamespace } from '../support/kube.ts'
import { is, openStage, steps, uniqueName } from '../operator/streamjob/stage.ts'
import { grant } from './cluster.ts'
import { objectsOf, release, template, type ValuesInput } from './helm.ts'

const admin = await testClient()
await installDefinitions(admin)
test.after.always(() => admin.close())

/** A client with the rights that the chart gives the operator when it is installed in `namespace`. */
async function operatorIn(namespace: string, values: ValuesInput): Promise<KubeClient> {
  const { ok, output } = await template(values, ['--namespace', namespace])
  if (!ok) throw new Error(output)
  return await grant(admin, objectsOf(output), namespace)
}

test('with the ClusterRole of the chart a StreamJob lives its whole life', async (t) => {
  const operator = await operatorIn(await testNamespace(admin), {})
  await using stage = await openStage({}, () => operator)
  const { kube, namespace } = stage
  const [orders, revenue] = [uniqueName('orders'), uniqueName('revenue')]
  await stage.createTopic(orders, 2)
  await stage.createTopic(revenue, 2)
  const kafka = { brokers: [stage.broker] }

  await stage.apply('revenue', { kafka, parallelism: 2, program: { inline: 'export default 1' } })
  await stage.until('revenue', (job) => is(job, 'ProgramValid', 'Unknown', 'Planning'), 'the program to be planned')
  t.is((await kube.list(pods, { namespace })).items.length, 1)
  t.is((await kube.list(configMaps, { namespace })).items.length, 1)

  await stage.patch('revenue', { program: { inline: null, steps: steps(orders, revenue) } })
  await stage.until('revenue', (job) => is(job, 'Ready', 'True', 'Running'), 'the job to run')
  await eventually(
    async () => {
      await stage.visit('revenue')
      return (await kube.list(pods, { namespace, labelSelector: 'streamjob.dev/component=planner' })).items.length === 0
    },
    { what: 'the planning pod to be gone' },
  )
  await stage.patch('revenue', { parallelism: 1, pod: { template: { metadata: { labels: { team: 'data' } } } } })
  await stage.until('revenue', (job) => job.status?.workers === '1/1' && job.status.operation === undefined, 'one worker')
  await stage.patch('revenue', { parallelism: 2, state: { volume: { size: '1Gi', storageClassName: 'of-tests' } } })
  await stage.until('revenue', (job) => job.status?.workers === '2/2' && job.status.operation === undefined, 'two workers with volumes')
  await stage.patch('revenue', { state: { volume: { size: '2Gi' } } })
  // It may ask: no class of that name says that its volumes could grow.
  await stage.until('revenue', (job) => is(job, 'Ready', 'False', 'VolumeNotGrown'), 'the answer that they can not grow')
  await stage.patch('revenue', { state: { volume: null } })
  await stage.until('revenue', (job) => is(job, 'Ready', 'True', 'Running') && job.status?.operation === undefined, 'workers without volumes')
  t.deepEqual((await kube.list(persistentVolumeClaims, { namespace })).items, [])
  await stage.patch('revenue', { suspend: true })
  await stage.until('revenue', (job) => is(job, 'Suspended', 'True'), 'the job to be suspended')
  await kube.delete(streamJobs, { namespace, name: 'revenue' })
  await stage.untilGone('revenue')
  t.is(await kube.find(streamJobs, { namespace, name: 'revenue' }), null)
})

test('a Secret that a StreamJob names can be read, and none can be listed, watched or written', async (t) => {
  const namespace = await testNamespace(admin)
  const operator = await operatorIn(namespace, {})
  await admin.create(secrets, { metadata: { namespace, name: 'kafka-user' }, data: {} })
  t.is((await operator.get(secrets, { namespace, name: 'kafka-user' })).metadata.name, 'kafka-user')
  await refused(t, operator.list(secrets, { namespace }))
  await refused(t, operator.create(secrets, { metadata: { namespace, name: 'own' } }))
  await refused(t, operator.delete(secrets, { namespace, name: 'kafka-user' }))
  const watching = operator.watch(secrets, { namespace, resourceVersion: '0' })
  await refused(t, watching[Symbol.asyncIterator]().next())
})

test('the operator neither makes nor deletes StreamJobs, and changes nothing of other kinds', async (t) => {
  const namespace = await testNamespace(admin)
  const operator = await operatorIn(namespace, {})
  const meta = { namespace, name: 'x' }
  await refused(t, operator.create(streamJobs, { metadata: meta, spec: {} }))
  await refused(t, operator.delete(streamJobs, meta))
  await refused(t, operator.create(persistentVolumeClaims, { metadata: meta }))
  await refused(t, operator.delete(serviceAccounts, meta))
  await refused(t, operator.delete(namespaces, { name: namespace }))
  await refused(t, operator.list(namespaces))
  await refused(t, operator.list(events, { namespace }))
})

test('an operator of some namespaces may do nothing in another, and nothing with another lease', async (t) => {
  const [home, shop, other] = await Promise.all([testNamespace(admin), testNamespace(admin), testNamespace(admin)])
  const operator = await operatorIn(home, { watchNamespaces: [shop] })
  const kinds: readonly Resource<KubeObject>[] = [streamJobs, statefulSets, pods, persistentVolumeClaims, configMaps]
  for (const kind of kinds) {
    t.deepEqual((await operator.list(kind, { namespace: shop })).items, [])
    await refused(t, operator.list(kind, { namespace: other }))
    await refused(t, operator.list(kind, { namespace: home }))
    await refused(t, operator.list(kind))
  }
  await refused(t, operator.get(secrets, { namespace: home, name: 'x' }))
  t.is((await operator.get(namespaces, { name: shop })).metadata.name, shop)
  await refused(t, operator.get(namespaces, { name: other }))
  t.is(await operator.find(leases, { namespace: home, name: release.fullname }), null)
  await refused(t, operator.get(leases, { namespace: home, name: 'x' }))
  await refused(t, operator.get(leases, { namespace: shop, name: release.fullname }))
})

async function refused(t: { readonly true: (value: boolean, message?: string) => void }, call: Promise<unknown>): Promise<void> {
  const error: unknown = await call.then(
    (answer) => `answered ${JSON.stringify(answer)}`,
    (error: unknown) => error,
  )
  t.true(isForbidden(error), String(error))
}
