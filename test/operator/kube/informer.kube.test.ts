import test from 'ava'
import { Registry } from '@prometheus-io/client'
import { systemClock } from '../../../operator/clock.ts'
import { labelIndex } from '../../../operator/kube/cache.ts'
import type { KubeClient } from '../../../operator/kube/client.ts'
import { type Change, createInformer, type Informer, type InformerOptions } from '../../../operator/kube/informer.ts'
import { configMaps, type ConfigMap, keyOf } from '../../../operator/kube/resources.ts'
import { createKubeClient } from '../../../operator/kube/rest/client.ts'
import { silentLog } from '../../../operator/log.ts'
import { createMetrics, type Metrics } from '../../../operator/metrics.ts'
import { eventually } from '../../support/eventually.ts'
import { type FaultyApi, startFaultyApi } from '../../support/faulty-api.ts'
import { testClient, testConnection, testKind, testNamespace } from '../../support/kube.ts'

const client = await testClient()
test.after.always(() => client.close())

test('an informer has what was there before, and follows what is made, changed and deleted', async (t) => {
  const namespace = await testNamespace(client)
  await make(namespace, 'before')
  await using world = await follow({ namespaces: [namespace] })
  t.deepEqual(world.informer.cache.keys(), [`${namespace}/before`])
  const made = await make(namespace, 'after', { n: '1' })
  await client.update(configMaps, { ...made, data: { n: '2' } })
  await eventually(() => world.informer.cache.get(`${namespace}/after`)?.data?.['n'] === '2')
  await client.delete(configMaps, made.metadata)
  await eventually(() => world.informer.cache.get(`${namespace}/after`) === undefined)
})

test('a handler that subscribes late is told about each object that is there', async (t) => {
  const namespace = await testNamespace(client)
  await make(namespace, 'a')
  await make(namespace, 'b')
  await using world = await follow({ namespaces: [namespace] })
  const told: string[] = []
  world.informer.subscribe((change) => told.push(`${change.kind} ${change.object.metadata.name}`))
  t.deepEqual(told.sort(), ['added a', 'added b'])
})

test('a change is told with the object before and after; a deletion with its last state', async (t) => {
  const namespace = await testNamespace(client)
  await using world = await follow({ namespaces: [namespace] })
  const told: Change<ConfigMap>[] = []
  world.informer.subscribe((change) => told.push(change))
  const made = await make(namespace, 'a', { n: '1' })
  await client.update(configMaps, { ...made, data: { n: '2' } })
  await client.delete(configMaps, made.metadata)
  await eventually(() => told.at(-1)?.kind === 'deleted')
  t.deepEqual(
    told.map((change) => [change.kind, change.kind === 'updated' ? change.previous.data?.['n'] : null, change.object.data?.['n']]),
    [
      ['added', null, '1'],
      ['updated', '1', '2'],
      ['deleted', null, '2'],
    ],
  )
})

test('managed fields are not kept', async (t) => {
  const namespace = await testNamespace(client)
  await client.apply(configMaps, { metadata: { name: 'a', namespace }, data: { a: '1' } })
  await using world = await follow({ namespaces: [namespace] })
  await client.apply(configMaps, { metadata: { name: 'b', namespace }, data: { a: '1' } })
  await eventually(() => world.informer.cache.size === 2)
  t.false(world.informer.cache.list().some((object) => 'managedFields' in object.metadata))
})

test('objects are found by owner and by label, also after these changed', async (t) => {
  const namespace = await testNamespace(client)
  await using world = await follow({ namespaces: [namespace], indexes: { job: labelIndex('streamjob.dev/job') } })
  const { cache } = world.informer
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: 'uid-1' }]
  const made = await client.create(configMaps, {
    metadata: { name: 'a', namespace, labels: { 'streamjob.dev/job': 'revenue' }, ownerReferences },
  })
  await eventually(() => cache.size === 1)
  t.deepEqual([cache.ownedBy('uid-1').length, cache.by('job', `${namespace}/revenue`).length], [1, 1])
  await client.patch(configMaps, made.metadata, {
    kind: 'merge',
    body: { metadata: { labels: { 'streamjob.dev/job': 'orders' }, ownerReferences: null } },
  })
  await eventually(() => cache.by('job', `${namespace}/orders`).length === 1)
  t.deepEqual([cache.ownedBy('uid-1').length, cache.by('job', `${namespace}/revenue`).length], [0, 0])
})

test('an informer of several namespaces has theirs and nobody else’s', async (t) => {
  const [one, two, other] = [await testNamespace(client), await testNamespace(client), await testNamespace(client)]
  for (const namespace of [one, two, other]) await make(namespace, 'a')
  await using world = await follow({ namespaces: [one, two] })
  t.deepEqual([...world.informer.cache.keys()].sort(), [`${one}/a`, `${two}/a`].sort())
  await make(other, 'b')
  await make(two, 'b')
  await eventually(() => world.informer.cache.size === 3)
  t.is(world.informer.cache.list(two).length, 2)
})

test('an object whose label no longer fits the selector leaves the copy', async (t) => {
  const namespace = await testNamespace(client)
  await using world = await follow({ namespaces: [namespace], labelSelector: 'part=worker' })
  const made = await client.create(configMaps, { metadata: { name: 'a', namespace, labels: { part: 'worker' } } })
  await eventually(() => world.informer.cache.size === 1)
  await client.patch(configMaps, made.metadata, { kind: 'merge', body: { metadata: { labels: { part: 'none' } } } })
  await eventually(() => world.informer.cache.size === 0)
  t.pass()
})

test('after a cut connection the informer goes on from where it was, without listing again', async (t) => {
  const namespace = await testNamespace(client)
  await using world = await follow({ namespaces: [namespace] })
  await make(namespace, 'a')
  await eventually(() => world.informer.cache.size === 1)
  const before = world.watches()
  world.api.cut()
  await make(namespace, 'b')
  await eventually(() => world.informer.cache.size === 2)
  t.true(world.watches() > before)
  t.is(world.lists(), 1)
})

test('a connection that fell silent is noticed and replaced', async (t) => {
  const namespace = await testNamespace(client)
  await using world = await follow({ namespaces: [namespace], idleMs: 300 })
  await eventually(() => world.watches() === 1)
  world.api.stall()
  await make(namespace, 'a')
  await eventually(() => world.informer.cache.size === 1)
  t.regex(await world.metrics.scrape(), /watch_restarts_total\{resource="configmaps",reason="Timeout"\} [1-9]/)
})

test('when the version is too old, everything is listed again and what was deleted meanwhile is told', async (t) => {
  const things = await testKind(client)
  const namespace = await testNamespace(client)
  await client.create(things, { metadata: { name: 'stays', namespace } })
  const goes = await client.create(things, { metadata: { name: 'goes', namespace } })
  await using api = await startFaultyApi(await testConnection())
  await using world = await run(api, (options) => createInformer(things, { ...options, namespaces: [namespace] }))
  const told: string[] = []
  world.informer.subscribe((change) => told.push(`${change.kind} ${change.object.metadata.name}`))
  let aged = 0
  api.fault = ({ url }) => {
    if (url.searchParams.get('watch') !== 'true') return null
    return aged++ === 0 ? { kind: 'rewrite', parameter: 'resourceVersion', value: '1' } : null
  }
  api.cut()
  await client.delete(things, goes.metadata)
  await client.create(things, { metadata: { name: 'comes', namespace } })
  await eventually(() => told.includes('deleted goes') && told.includes('added comes'))
  t.deepEqual([...world.informer.cache.keys()].sort(), [`${namespace}/comes`, `${namespace}/stays`])
  t.regex(await world.metrics.scrape(), /watch_restarts_total\{resource="things",reason="Expired"\} 1/)
})

test('an informer that starts while the server fails becomes synced when it works again', async (t) => {
  const namespace = await testNamespace(client)
  await make(namespace, 'a')
  await using api = await startFaultyApi(await testConnection())
  let asked = 0
  api.fault = () => (asked++ < 4 ? { kind: 'answer', status: 503, reason: 'ServiceUnavailable' } : null)
  await using world = await run(api, (options) => createInformer(configMaps, { ...options, namespaces: [namespace] }))
  t.true(asked >= 4)
  t.is(world.informer.cache.size, 1)
})

test('an informer is not synced before the last of its namespaces was listed', async (t) => {
  const [one, two] = [await testNamespace(client), await testNamespace(client)]
  await using api = await startFaultyApi(await testConnection())
  api.fault = ({ url }) => (url.pathname.includes(two) ? { kind: 'refuse' } : null)
  const started = start(api, (options) => createInformer(configMaps, { ...options, namespaces: [one, two] }))
  await eventually(() => api.forwarded.some((line) => line.includes(one)))
  t.false(started.informer.synced)
  api.fault = null
  await started.informer.whenSynced(AbortSignal.timeout(60_000))
  t.true(started.informer.synced)
  await started[Symbol.asyncDispose]()
})

test('a handler that throws disturbs neither the other handlers nor the informer', async (t) => {
  const namespace = await testNamespace(client)
  await using world = await follow({ namespaces: [namespace] })
  const told: string[] = []
  world.informer.subscribe(() => {
    throw new Error('a bug in a handler')
  })
  world.informer.subscribe((change) => told.push(change.object.metadata.name))
  await make(namespace, 'a')
  await make(namespace, 'b')
  await eventually(() => told.length === 2)
  t.deepEqual(told, ['a', 'b'])
})

test('through any mixture of faults the copy ends up as the server has it, and the handlers know the same', async (t) => {
  const namespace = await testNamespace(client)
  await using world = await follow({ namespaces: [namespace], idleMs: 250 })
  const known = new Map<string, string | undefined>()
  world.informer.subscribe((change) => {
    if (change.kind === 'deleted') known.delete(keyOf(change.object))
    else known.set(keyOf(change.object), change.object.metadata.resourceVersion)
  })
  let seed = 20_261_122
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((seed / 2_147_483_648) * below)
  }
  const faults: (() => void)[] = [
    () => world.api.cut(),
    () => world.api.stall(),
    () => void (world.api.fault = () => ({ kind: 'answer', status: 500, reason: 'InternalError' })),
    () => void (world.api.fault = () => ({ kind: 'refuse' })),
    () => void (world.api.fault = ({ url }) => (url.searchParams.has('watch') ? { kind: 'answer', status: 410, reason: 'Expired' } : null)),
  ]
  for (let round = 0; round < 15; round++) {
    faults[random(faults.length)]?.()
    if (random(2) === 0) world.api.cut()
    for (let step = 0; step < 10; step++) {
      const name = `c-${random(8)}`
      const current = await client.find(configMaps, { namespace, name })
      if (current === null) await make(namespace, name)
      else if (random(3) === 0) await client.delete(configMaps, current.metadata)
      else await client.update(configMaps, { ...current, data: { step: `${round}.${step}` } })
    }
    world.api.fault = null
    await make(namespace, `round-${round}`)
    await eventually(() => world.informer.cache.get(`${namespace}/round-${round}`), { what: `recovery in round ${round}` })
  }
  const { items } = await client.list(configMaps, { namespace })
  const truth = new Map(items.map((item) => [keyOf(item), item.metadata.resourceVersion]))
  const same = (copy: ReadonlyMap<string, string | undefined>): boolean =>
    copy.size === truth.size && [...truth].every(([key, version]) => copy.get(key) === version)
  const cached = (): Map<string, string> => new Map(world.informer.cache.list().map((object) => [keyOf(object), object.metadata.resourceVersion]))
  await eventually(() => same(cached()) && same(known), { what: 'the copy like the server' })
  t.true(world.watches() > 10)
})

const make = (namespace: string, name: string, data: Record<string, string> = {}) =>
  client.create(configMaps, { metadata: { name, namespace }, data })

type Options = Pick<InformerOptions<ConfigMap>, 'client' | 'log' | 'metrics' | 'clock' | 'random' | 'backoff'>
type Extra = Partial<Pick<InformerOptions<ConfigMap>, 'namespaces' | 'idleMs' | 'indexes' | 'labelSelector'>>

interface World<I> extends AsyncDisposable {
  readonly informer: I
  readonly metrics: Metrics
  readonly client: KubeClient
}

/** An informer of ConfigMaps behind a proxy of its own, synced. */
async function follow(extra: Extra) {
  const api: FaultyApi = await startFaultyApi(await testConnection())
  const world = await run(api, (options) => createInformer(configMaps, { ...options, ...extra }))
  return {
    ...world,
    api,
    lists: () => api.forwarded.filter((line) => line.startsWith('GET')).length,
    watches: () => api.forwarded.filter((line) => line.startsWith('WATCH')).length,
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]()
      await api[Symbol.asyncDispose]()
    },
  }
}

async function run<I extends Pick<Informer<ConfigMap>, 'run' | 'whenSynced'>>(api: FaultyApi, make: (options: Options) => I): Promise<World<I>> {
  const world = start(api, make)
  await world.informer.whenSynced(AbortSignal.timeout(60_000))
  return world
}

function start<I extends Pick<Informer<ConfigMap>, 'run'>>(api: FaultyApi, make: (options: Options) => I): World<I> {
  const metrics = createMetrics(new Registry())
  const through = createKubeClient(api.connection, { clock: systemClock, qps: 1_000, burst: 1_000 })
  const informer = make({ client: through, log: silentLog, metrics, clock: systemClock, random: Math.random, backoff: { baseMs: 10, capMs: 200 } })
  const stop = new AbortController()
  const running = informer.run(stop.signal)
  return {
    informer,
    metrics,
    client: through,
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('end of the test'))
      await running
      through.close()
    },
  }
}
