import test from 'ava'
import { type Applier, createApplier } from '../../../operator/kube/apply.ts'
import type { Desired } from '../../../operator/kube/client.ts'
import { isConflict } from '../../../operator/kube/errors.ts'
import { type ConfigMap, configMaps, services, type StatefulSet, statefulSets } from '../../../operator/kube/resources.ts'
import { testClient, testNamespace } from '../../support/kube.ts'

const client = await testClient()
const namespace = await testNamespace(client)
test.after.always(() => client.close())

const config = (name: string, data: Record<string, string>): Desired<ConfigMap> => ({ metadata: { name, namespace, labels: { part: 'a' } }, data })

/** As the operator does it: what it knows is what the server has now. */
async function ensure(applier: Applier, desired: Desired<ConfigMap>): Promise<boolean> {
  const known = (await client.find(configMaps, { namespace, name: desired.metadata.name })) ?? undefined
  return (await applier.ensure(configMaps, desired, known)).written
}

test('what is as it should be is not written again, by the same operator or a new one', async (t) => {
  const applier = createApplier(client)
  t.true(await ensure(applier, config('steady', { a: '1' })))
  t.false(await ensure(applier, config('steady', { a: '1' })))
  t.false(await ensure(createApplier(client), config('steady', { a: '1' })))
})

test('a StatefulSet whose values the server writes in another way is not written a second time', async (t) => {
  const applier = createApplier(client)
  const labels = { app: 'w' }
  const resources = { requests: { cpu: '1000m', memory: '1024Mi' } }
  const volumes = [{ name: 'tmp', emptyDir: {} }]
  const containers = [{ name: 'worker', image: 'i', resources, ports: [{ name: 'http', containerPort: 8080 }], env: [] }]
  const desired: Desired<StatefulSet> = {
    metadata: { name: 'w', namespace },
    spec: { serviceName: 'w', replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers, volumes } } },
  }
  await applier.ensure(statefulSets, desired, undefined)
  const known = await client.get(statefulSets, { namespace, name: 'w' })
  t.false((await applier.ensure(statefulSets, desired, known)).written)
  const busy = await client.updateStatus(statefulSets, { ...known, status: { replicas: 2 } })
  t.false((await applier.ensure(statefulSets, desired, busy)).written)
})

test('a Service with fields that the server fills in is not written a second time', async (t) => {
  const desired = {
    metadata: { name: 'w', namespace },
    spec: { clusterIP: 'None', publishNotReadyAddresses: true, selector: { app: 'w' }, ports: [{ name: 'http', port: 80 }] },
  }
  const { object } = await createApplier(client).ensure(services, desired, undefined)
  t.false((await createApplier(client).ensure(services, desired, object)).written)
})

test('a field of ours that somebody changed is put back', async (t) => {
  const applier = createApplier(client)
  await ensure(applier, config('drift', { a: '1' }))
  await client.patch(configMaps, { namespace, name: 'drift' }, { kind: 'merge', body: { data: { a: '2' } } })
  t.true(await ensure(applier, config('drift', { a: '1' })))
  t.is((await client.get(configMaps, { namespace, name: 'drift' })).data?.['a'], '1')
})

test('what others added stays, and is no reason to write', async (t) => {
  const applier = createApplier(client)
  await ensure(applier, config('shared', { a: '1' }))
  await client.patch(
    configMaps,
    { namespace, name: 'shared' },
    { kind: 'merge', body: { data: { theirs: '1' }, metadata: { labels: { team: 'x' } } } },
  )
  t.false(await ensure(applier, config('shared', { a: '1' })))
  t.deepEqual((await client.get(configMaps, { namespace, name: 'shared' })).data, { a: '1', theirs: '1' })
})

test('a field that is no longer wanted goes away', async (t) => {
  const applier = createApplier(client)
  await ensure(applier, config('shrinks', { a: '1', b: '1' }))
  t.true(await ensure(applier, config('shrinks', { a: '1' })))
  t.deepEqual((await client.get(configMaps, { namespace, name: 'shrinks' })).data, { a: '1' })
})

test('an object that was deleted is made again', async (t) => {
  const applier = createApplier(client)
  await ensure(applier, config('gone', { a: '1' }))
  await client.delete(configMaps, { namespace, name: 'gone' })
  t.true(await ensure(applier, config('gone', { a: '1' })))
  t.not(await client.find(configMaps, { namespace, name: 'gone' }), null)
})

test('with a uid, another incarnation of the object is left alone', async (t) => {
  const applier = createApplier(client)
  const { object } = await applier.ensure(configMaps, config('incarnation', { a: '1' }), undefined)
  await client.delete(configMaps, object.metadata)
  const other = await client.create(configMaps, { metadata: { name: 'incarnation', namespace } })
  const wanted = config('incarnation', { a: '2' })
  const error = await t.throwsAsync(applier.ensure(configMaps, { ...wanted, metadata: { ...wanted.metadata, uid: object.metadata.uid } }, undefined))
  t.true(isConflict(error))
  t.is((await client.get(configMaps, other.metadata)).data, undefined)
})
