import test from 'ava'
import { Registry } from '@prometheus-io/client'
import { informersSynced, reconcilesEnd } from '../../../operator/http/checks.ts'
import { type Check, startProbeServer } from '../../../operator/http/server.ts'
import { createMetrics } from '../../../operator/metrics.ts'

const start = (checks: { health?: readonly Check[]; readiness?: readonly Check[] } = {}, metrics = () => Promise.resolve('')) =>
  startProbeServer({ port: 0, host: '127.0.0.1', health: checks.health ?? [], readiness: checks.readiness ?? [], metrics })

test('healthz is 200 while all checks hold and 503, with what is wrong, when one fails', async (t) => {
  let wrong: string | null = null
  await using server = await start({ health: [{ name: 'loop', failing: () => wrong }] })
  const ask = async () => {
    const response = await fetch(`http://127.0.0.1:${server.port}/healthz`)
    return [response.status, await response.json()]
  }
  t.deepEqual(await ask(), [200, { ok: true, checks: [{ name: 'loop', failing: null }] }])
  wrong = 'stuck'
  t.deepEqual(await ask(), [503, { ok: false, checks: [{ name: 'loop', failing: 'stuck' }] }])
})

test('readyz is 503 until every informer is synced, and names those that are not', async (t) => {
  const pods = { resource: { plural: 'pods' }, synced: false }
  const services = { resource: { plural: 'services' }, synced: true }
  await using server = await start({ readiness: [informersSynced([pods, services])] })
  const before = await fetch(`http://127.0.0.1:${server.port}/readyz`)
  t.is(before.status, 503)
  t.regex(await before.text(), /not listed yet: pods"/)
  pods.synced = true
  t.is((await fetch(`http://127.0.0.1:${server.port}/readyz`)).status, 200)
})

test('a reconcile that runs beyond the limit makes the operator unhealthy', (t) => {
  let oldest = 300_000
  const check = reconcilesEnd({ name: 'streamjob', oldestReconcileMs: () => oldest, enqueue() {}, run: () => Promise.resolve() }, 300_000)
  t.is(check.failing(), null)
  oldest = 301_000
  t.is(check.failing(), 'a reconcile has been running for 301 s')
})

test('metrics are served in the format of Prometheus', async (t) => {
  const metrics = createMetrics(new Registry())
  metrics.apiCalls.inc({ verb: 'get', resource: 'pods', status: '200' })
  await using server = await start({}, () => metrics.scrape())
  const response = await fetch(`http://127.0.0.1:${server.port}/metrics`)
  t.is(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  t.regex(await response.text(), /^streamjob_operator_api_calls_total\{verb="get",resource="pods",status="200"\} 1$/m)
})

test('metrics that cannot be collected are a 500, and the server goes on', async (t) => {
  await using server = await start({}, () => Promise.reject(new Error('collector failed')))
  t.is((await fetch(`http://127.0.0.1:${server.port}/metrics`)).status, 500)
  t.is((await fetch(`http://127.0.0.1:${server.port}/healthz`)).status, 200)
})

test('other paths are 404, other methods 405', async (t) => {
  await using server = await start()
  t.is((await fetch(`http://127.0.0.1:${server.port}/admin`)).status, 404)
  t.is((await fetch(`http://127.0.0.1:${server.port}/healthz`, { method: 'POST' })).status, 405)
})

test('a port that is taken is an error at the start', async (t) => {
  await using server = await start()
  await t.throwsAsync(startProbeServer({ port: server.port, host: '127.0.0.1', health: [], readiness: [], metrics: () => Promise.resolve('') }), {
    code: 'EADDRINUSE',
  })
})
