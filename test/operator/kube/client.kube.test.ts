import { randomBytes } from 'node:crypto'
import test from 'ava'
import { systemClock } from '../../../operator/clock.ts'
import { isAlreadyExists, isConflict, isExpired, isInvalid, isNotFound, KubeError } from '../../../operator/kube/errors.ts'
import { configMaps, leases, pods, statefulSets } from '../../../operator/kube/resources.ts'
import { createKubeClient } from '../../../operator/kube/rest/client.ts'
import { createTransport } from '../../../operator/kube/rest/transport.ts'
import { startFaultyApi } from '../../support/faulty-api.ts'
import { testClient, testConnection, testKind, testNamespace } from '../../support/kube.ts'

const client = await testClient()
const namespace = await testNamespace(client)
test.after.always(() => client.close())

const unique = (): string => `x-${randomBytes(6).toString('hex')}`

test('a list reads all pages, and its items carry apiVersion and kind', async (t) => {
  const own = await testNamespace(client)
  const paged = await testClient({ pageSize: 3 })
  const names = Array.from({ length: 10 }, (_, i) => `c-${i}`)
  await Promise.all(names.map((name) => client.create(configMaps, { metadata: { name, namespace: own } })))
  const { items, resourceVersion } = await paged.list(configMaps, { namespace: own })
  t.deepEqual(
    items.map((item) => item.metadata.name),
    names,
  )
  t.true(items.every((item) => item.kind === 'ConfigMap' && item.apiVersion === 'v1'))
  t.regex(resourceVersion, /^\d+$/)
  paged.close()
})

test('selectors choose by label and by field', async (t) => {
  const own = await testNamespace(client)
  await client.create(configMaps, { metadata: { name: 'a', namespace: own, labels: { part: 'one' } } })
  await client.create(configMaps, { metadata: { name: 'b', namespace: own, labels: { part: 'two' } } })
  const byLabel = await client.list(configMaps, { namespace: own, labelSelector: 'part=two' })
  const byField = await client.list(configMaps, { namespace: own, fieldSelector: 'metadata.name=a' })
  t.deepEqual([byLabel.items.map((item) => item.metadata.name), byField.items.map((item) => item.metadata.name)], [['b'], ['a']])
})

test('find answers null for what is not there, get fails with NotFound', async (t) => {
  t.is(await client.find(configMaps, { namespace, name: 'missing' }), null)
  const error = await t.throwsAsync(client.get(configMaps, { namespace, name: 'missing' }), { instanceOf: KubeError })
  t.true(isNotFound(error))
  t.is(error.message, `get configmaps ${namespace}/missing: 404 NotFound: configmaps "missing" not found`)
})

test('a second create of a name fails with AlreadyExists', async (t) => {
  const metadata = { name: unique(), namespace }
  await client.create(configMaps, { metadata })
  t.true(isAlreadyExists(await t.throwsAsync(client.create(configMaps, { metadata }))))
})

test('an update with the version of somebody who read earlier is a Conflict and changes nothing', async (t) => {
  const first = await client.create(configMaps, { metadata: { name: unique(), namespace }, data: { n: '1' } })
  await client.update(configMaps, { ...first, data: { n: '2' } })
  t.true(isConflict(await t.throwsAsync(client.update(configMaps, { ...first, data: { n: '3' } }))))
  t.deepEqual((await client.get(configMaps, first.metadata)).data, { n: '2' })
})

test('an update without a version is refused before anything is sent', async (t) => {
  // The type demands a version: this is the caller who got around it.
  const blind = { metadata: { name: unique(), namespace, resourceVersion: '' } }
  await t.throwsAsync(async () => await client.update(configMaps, blind), { instanceOf: TypeError, message: /needs the resourceVersion/ })
})

test('an object without a name is never addressed as its whole collection', async (t) => {
  const own = await testNamespace(client)
  await client.create(configMaps, { metadata: { name: 'a', namespace: own } })
  await t.throwsAsync(async () => await client.delete(configMaps, { namespace: own, name: '' }), { instanceOf: TypeError })
  t.not(await client.find(configMaps, { namespace: own, name: 'a' }), null)
})

test('a deletion spares another incarnation and another version', async (t) => {
  const first = await client.create(configMaps, { metadata: { name: unique(), namespace } })
  t.true(isConflict(await t.throwsAsync(client.delete(configMaps, first.metadata, { uid: 'of-an-earlier-one' }))))
  const second = await client.update(configMaps, { ...first, data: { n: '1' } })
  t.true(isConflict(await t.throwsAsync(client.delete(configMaps, first.metadata, { resourceVersion: first.metadata.resourceVersion }))))
  t.true(await client.delete(configMaps, first.metadata, { uid: second.metadata.uid, resourceVersion: second.metadata.resourceVersion }))
  t.false(await client.delete(configMaps, first.metadata))
})

test('an apply without force that meets the field of another manager is a Conflict which names field and manager', async (t) => {
  const name = unique()
  await client.create(configMaps, { metadata: { name, namespace }, data: { mine: '1' } })
  await applyAs('somebody-else', { name, namespace }, { theirs: '1' })
  const error = await t.throwsAsync(client.apply(configMaps, { metadata: { name, namespace }, data: { theirs: '2' } }), { instanceOf: KubeError })
  t.true(isConflict(error))
  t.deepEqual(
    error.causes.map(({ reason, field }) => ({ reason, field })),
    [{ reason: 'FieldManagerConflict', field: '.data.theirs' }],
  )
  t.regex(error.causes[0]?.message ?? '', /somebody-else/)
  const forced = await client.apply(configMaps, { metadata: { name, namespace }, data: { theirs: '2' } }, { force: true })
  t.is(forced.data?.['theirs'], '2')
})

test('an apply takes away what it applied before and no longer wants', async (t) => {
  const metadata = { name: unique(), namespace }
  await client.apply(configMaps, { metadata, data: { a: '1', b: '1' } })
  const after = await client.apply(configMaps, { metadata, data: { a: '1' } })
  t.deepEqual(after.data, { a: '1' })
})

test('a dry run answers what would be and stores nothing', async (t) => {
  const metadata = { name: unique(), namespace }
  const answer = await client.apply(configMaps, { metadata, data: { a: '1' } }, { dryRun: true })
  t.deepEqual(answer.data, { a: '1' })
  t.is(await client.find(configMaps, metadata), null)
})

test('a status is applied with the version that was read; from an older one it is a Conflict', async (t) => {
  const set = await client.create(statefulSets, statefulSet(unique()))
  const status = { replicas: 0, observedGeneration: 1 }
  const { name, resourceVersion } = set.metadata
  const written = await client.applyStatus(statefulSets, { metadata: { name, namespace, resourceVersion }, status })
  t.is(written.status?.observedGeneration, 1)
  const stale = client.applyStatus(statefulSets, { metadata: { name, namespace, resourceVersion }, status: { ...status, observedGeneration: 2 } })
  t.true(isConflict(await t.throwsAsync(stale)))
})

test('a status update leaves the spec as it is', async (t) => {
  const set = await client.create(statefulSets, statefulSet(unique()))
  const changed = { ...set, spec: { ...set.spec!, replicas: 7 }, status: { replicas: 3 } }
  const written = await client.updateStatus(statefulSets, changed)
  t.deepEqual([written.spec?.replicas, written.status?.replicas], [1, 3])
})

test('a merge patch changes only what it names', async (t) => {
  const made = await client.create(configMaps, { metadata: { name: unique(), namespace }, data: { a: '1', b: '1' } })
  const patched = await client.patch(configMaps, made.metadata, { kind: 'merge', body: { data: { b: null, c: '1' } } })
  t.deepEqual(patched.data, { a: '1', c: '1' })
})

test('an object that breaks the schema is Invalid, and the causes name the field', async (t) => {
  const lease = { metadata: { name: unique(), namespace }, spec: { leaseDurationSeconds: -1 } }
  const error = await t.throwsAsync(client.create(leases, lease), { instanceOf: KubeError })
  t.true(isInvalid(error))
  t.is(error.causes[0]?.field, 'spec.leaseDurationSeconds')
})

test('a watch gives changes after a version in their order, as raw JSON', async (t) => {
  const own = await testNamespace(client)
  const { resourceVersion } = await client.list(configMaps, { namespace: own })
  const made = await client.create(configMaps, { metadata: { name: 'a', namespace: own } })
  await client.update(configMaps, { ...made, data: { n: '1' } })
  await client.delete(configMaps, made.metadata)
  const seen: string[] = []
  for await (const event of client.watch(configMaps, { namespace: own, resourceVersion })) {
    if (event.kind === 'bookmark') continue
    t.is(typeof event.object.metadata.creationTimestamp, 'string')
    seen.push(event.kind)
    if (event.kind === 'deleted') break
  }
  t.deepEqual(seen, ['added', 'modified', 'deleted'])
})

test('a watch from a version that the server no longer has fails with 410', async (t) => {
  const events = client.watch(await testKind(client), { namespace, resourceVersion: '1' })
  const error = await t.throwsAsync(async () => {
    for await (const event of events) t.fail(`unexpected ${event.kind}`)
  })
  t.true(isExpired(error), error.message)
})

test('a watch ends when its signal is aborted', async (t) => {
  const { resourceVersion } = await client.list(configMaps, { namespace })
  const stop = new AbortController()
  const following = (async () => {
    for await (const event of client.watch(pods, { namespace, resourceVersion }, { signal: stop.signal })) t.fail(event.kind)
  })()
  stop.abort(new Error('enough'))
  await t.throwsAsync(following, { message: 'enough' })
})

test('a watch that the server puts off begins when the server said', async (t) => {
  await using api = await startFaultyApi(await testConnection())
  const polite = createKubeClient(api.connection, { clock: systemClock })
  const own = await testNamespace(client)
  const { resourceVersion } = await client.list(configMaps, { namespace: own })
  await client.create(configMaps, { metadata: { name: 'a', namespace: own } })
  let refused = 0
  api.fault = () => (refused++ < 1 ? { kind: 'answer', status: 429, reason: 'TooManyRequests', retryAfterSeconds: 1 } : null)
  for await (const event of polite.watch(configMaps, { namespace: own, resourceVersion })) {
    t.is(event.kind, 'added')
    break
  }
  t.is(refused, 2)
  polite.close()
})

test('a call without an answer fails with Timeout after its time', async (t) => {
  await using api = await startFaultyApi(await testConnection())
  const slow = createKubeClient(api.connection, { clock: systemClock })
  api.fault = () => ({ kind: 'hang' })
  const error = await t.throwsAsync(slow.list(configMaps, { namespace }, { timeoutMs: 100 }), { instanceOf: KubeError })
  t.deepEqual([error.reason, error.status], ['Timeout', 0])
  slow.close()
})

test("a call in flight ends at once with its signal's reason", async (t) => {
  await using api = await startFaultyApi(await testConnection())
  const slow = createKubeClient(api.connection, { clock: systemClock })
  api.fault = () => ({ kind: 'hang' })
  const stop = new AbortController()
  const call = slow.list(configMaps, { namespace }, { signal: stop.signal })
  stop.abort(new Error('lease lost'))
  await t.throwsAsync(call, { message: 'lease lost' })
  slow.close()
})

test('a write whose answer was lost fails with an unknown outcome, and is not sent again', async (t) => {
  await using api = await startFaultyApi(await testConnection())
  const unlucky = createKubeClient(api.connection, { clock: systemClock })
  const metadata = { name: unique(), namespace }
  api.fault = () => ({ kind: 'lose-answer' })
  const error = await t.throwsAsync(unlucky.create(configMaps, { metadata }), { instanceOf: KubeError })
  t.deepEqual([error.reason, error.status], ['Unreachable', 0])
  t.not(await client.find(configMaps, metadata), null)
  t.is(api.forwarded.length, 1)
  unlucky.close()
})

test('a server that says when to come back gets the call again, and the caller sees only the answer', async (t) => {
  await using api = await startFaultyApi(await testConnection())
  const polite = createKubeClient(api.connection, { clock: systemClock })
  let refused = 0
  api.fault = () => (refused++ < 1 ? { kind: 'answer', status: 429, reason: 'TooManyRequests', retryAfterSeconds: 1 } : null)
  t.is((await polite.list(configMaps, { namespace: await testNamespace(client) })).items.length, 0)
  t.is(refused, 2)
  polite.close()
})

test('a token that the server refuses is read again, once', async (t) => {
  const real = await testConnection()
  let reads = 0
  const expired = { headers: { authorization: 'Bearer expired' }, tls: (await real.credentials(false)).tls }
  const rotating = { ...real, credentials: (renew: boolean) => (reads++, renew ? real.credentials(renew) : Promise.resolve(expired)) }
  const rotated = createKubeClient(rotating, { clock: systemClock })
  t.is(await rotated.find(configMaps, { namespace, name: 'missing' }), null)
  t.is(reads, 2)
  const revoked = createKubeClient({ ...real, credentials: () => Promise.resolve(expired) }, { clock: systemClock })
  const error = await t.throwsAsync(revoked.find(configMaps, { namespace, name: 'missing' }), { instanceOf: KubeError })
  t.is(error.status, 401)
  rotated.close()
  revoked.close()
})

test('a server that fails is not asked again by the client itself', async (t) => {
  await using api = await startFaultyApi(await testConnection())
  const plain = createKubeClient(api.connection, { clock: systemClock })
  api.fault = () => ({ kind: 'answer', status: 503, reason: 'ServiceUnavailable', retryAfterSeconds: 7 })
  const error = await t.throwsAsync(plain.list(configMaps, { namespace }), { instanceOf: KubeError })
  t.deepEqual([error.status, error.retryAfterMs], [503, 7_000])
  plain.close()
})

test('calls beyond the burst are spread over time', async (t) => {
  const limited = await testClient({ qps: 50, burst: 5 })
  const started = performance.now()
  await Promise.all(Array.from({ length: 15 }, () => limited.find(configMaps, { namespace, name: 'missing' })))
  t.true(performance.now() - started >= 180)
  limited.close()
})

function statefulSet(name: string) {
  const labels = { app: name }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  return { metadata: { name, namespace }, spec: { serviceName: name, replicas: 1, selector: { matchLabels: labels }, template } }
}

/** Another field manager, which our client never is. */
async function applyAs(
  manager: string,
  at: { readonly name: string; readonly namespace: string },
  data: Readonly<Record<string, string>>,
): Promise<void> {
  const transport = createTransport(await testConnection(), { userAgent: manager, clock: systemClock })
  const path = `/api/v1/namespaces/${at.namespace}/configmaps/${at.name}?fieldManager=${manager}&force=true`
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: at, data }
  await transport.json(
    { method: 'PATCH', path, body, contentType: 'application/apply-patch+yaml', name: 'apply' },
    5_000,
    new AbortController().signal,
  )
  transport.close()
}
