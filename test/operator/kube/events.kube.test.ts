import test from 'ava'
import { Registry } from '@prometheus-io/client'
import { type Clock, systemClock } from '../../../operator/clock.ts'
import type { KubeClient } from '../../../operator/kube/client.ts'
import { createEventRecorder, type EventRecorder, type Happening } from '../../../operator/kube/events.ts'
import { configMaps, events, type KubeObject } from '../../../operator/kube/resources.ts'
import { createKubeClient } from '../../../operator/kube/rest/client.ts'
import { silentLog } from '../../../operator/log.ts'
import { createMetrics, type Metrics } from '../../../operator/metrics.ts'
import { eventually } from '../../support/eventually.ts'
import { startFaultyApi } from '../../support/faulty-api.ts'
import { testClient, testConnection, testNamespace } from '../../support/kube.ts'
import { ManualClock } from './manual-clock.ts'

const client = await testClient()
test.after.always(() => client.close())

const scaled = (regarding: KubeObject, note = 'from 1 to 3'): Happening => ({
  regarding,
  type: 'Normal',
  reason: 'Rescaling',
  action: 'Rescale',
  note,
})

test('an event says what happened to which object, who says so, and when', async (t) => {
  const namespace = await testNamespace(client)
  const object = await client.create(configMaps, { metadata: { name: 'revenue', namespace } })
  await using world = start(client)
  world.recorder.record(scaled(object))
  const [event] = await eventually(() => recorded(namespace, 1))
  const { type, reason, action, note, regarding, reportingController, reportingInstance } = event!
  t.like(regarding, { kind: 'ConfigMap', apiVersion: 'v1', name: 'revenue', namespace, uid: object.metadata.uid })
  t.deepEqual([type, reason, action, note], ['Normal', 'Rescaling', 'Rescale', 'from 1 to 3'])
  t.deepEqual([reportingController, reportingInstance], ['streamjob.dev/operator', 'operator-0'])
  t.regex(event!.eventTime, /^\d{4}-.*\.\d{6}Z$/)
})

test('a repeat raises the count of the first event instead of making another', async (t) => {
  const namespace = await testNamespace(client)
  const object = await client.create(configMaps, { metadata: { name: 'revenue', namespace } })
  await using world = start(client, { seriesMs: 50 })
  world.recorder.record(scaled(object))
  await eventually(() => recorded(namespace, 1))
  for (let i = 0; i < 4; i++) world.recorder.record(scaled(object))
  await eventually(async () => (await recorded(namespace, 1))?.[0]?.series?.count === 5)
  world.recorder.record(scaled(object, 'from 3 to 4'))
  await eventually(() => recorded(namespace, 2))
  t.pass()
})

test('an event that the server has forgotten meanwhile is made anew', async (t) => {
  const namespace = await testNamespace(client)
  const object = await client.create(configMaps, { metadata: { name: 'revenue', namespace } })
  await using world = start(client, { seriesMs: 50 })
  world.recorder.record(scaled(object))
  const [first] = await eventually(() => recorded(namespace, 1))
  await client.delete(events, first!.metadata)
  world.recorder.record(scaled(object))
  await eventually(async () => (await recorded(namespace, 1))?.[0]?.series?.count === 2)
  t.pass()
})

test('an object that is too chatty keeps its first 25 events; the rest are counted', async (t) => {
  const namespace = await testNamespace(client)
  const object = await client.create(configMaps, { metadata: { name: 'revenue', namespace } })
  const quiet = await client.create(configMaps, { metadata: { name: 'orders', namespace } })
  await using world = start(client)
  for (let i = 0; i < 40; i++) world.recorder.record(scaled(object, `note ${i}`))
  world.recorder.record(scaled(quiet))
  await eventually(() => recorded(namespace, 26))
  t.is(await dropped(world.metrics, 'rate'), 15)
})

test('an event is written once although the first answer was lost', async (t) => {
  const namespace = await testNamespace(client)
  const object = await client.create(configMaps, { metadata: { name: 'revenue', namespace } })
  await using api = await startFaultyApi(await testConnection())
  const through = createKubeClient(api.connection, { clock: systemClock })
  let posts = 0
  api.fault = ({ method }) => (method === 'POST' && posts++ === 0 ? { kind: 'lose-answer' } : null)
  await using world = start(through)
  world.recorder.record(scaled(object))
  await eventually(() => posts === 2)
  t.is((await eventually(() => recorded(namespace, 1))).length, 1)
  t.is(await dropped(world.metrics, 'error'), 0)
  through.close()
})

test('an event that the server refuses is counted and holds up no other', async (t) => {
  const namespace = await testNamespace(client)
  const object = await client.create(configMaps, { metadata: { name: 'revenue', namespace } })
  await using world = start(client)
  world.recorder.record(scaled({ ...object, metadata: { ...object.metadata, namespace: 'does-not-exist' } }))
  world.recorder.record(scaled(object, 'another'))
  await eventually(() => recorded(namespace, 1))
  await eventually(async () => (await dropped(world.metrics, 'error')) === 1)
  t.pass()
})

test('a long note is cut at 1,024 bytes between characters', async (t) => {
  const namespace = await testNamespace(client)
  const object = await client.create(configMaps, { metadata: { name: 'revenue', namespace } })
  await using world = start(client)
  world.recorder.record(scaled(object, 'ü'.repeat(2_000)))
  const [event] = await eventually(() => recorded(namespace, 1))
  t.regex(event!.note ?? '', /^ü+…$/)
  t.true(Buffer.byteLength(event!.note ?? '') <= 1_024)
})

test('what was recorded before the end is still written', async (t) => {
  const namespace = await testNamespace(client)
  const object = await client.create(configMaps, { metadata: { name: 'revenue', namespace } })
  const world = start(client, { clock: new ManualClock() })
  for (let i = 0; i < 10; i++) world.recorder.record(scaled(object, `note ${i}`))
  await world[Symbol.asyncDispose]()
  t.is((await client.list(events, { namespace })).items.length, 10)
})

async function recorded(namespace: string, count: number) {
  const { items } = await client.list(events, { namespace })
  return items.length === count ? items : null
}

async function dropped(metrics: Metrics, reason: string): Promise<number> {
  const line = (await metrics.scrape()).split('\n').find((text) => text.startsWith(`streamjob_operator_events_dropped_total{reason="${reason}"}`))
  return Number(line?.split(' ')[1] ?? 0)
}

function start(
  client: KubeClient,
  extra: { seriesMs?: number; clock?: Clock } = {},
): AsyncDisposable & { recorder: EventRecorder; metrics: Metrics } {
  const metrics = createMetrics(new Registry())
  const names = { controller: 'streamjob.dev/operator', instance: 'operator-0' }
  const recorder = createEventRecorder({ client, log: silentLog, metrics, clock: systemClock, random: Math.random, ...names, ...extra })
  const stop = new AbortController()
  const running = recorder.run(stop.signal)
  return {
    recorder,
    metrics,
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('end of the test'))
      await running
    },
  }
}
