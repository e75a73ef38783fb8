import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import test from 'ava'
import { Registry } from '@prometheus-io/client'
import { systemClock } from '../../../operator/clock.ts'
import type { KubeClient } from '../../../operator/kube/client.ts'
import { lead, LeadershipLost } from '../../../operator/kube/election.ts'
import { configMaps, leases } from '../../../operator/kube/resources.ts'
import { silentLog } from '../../../operator/log.ts'
import { createMetrics } from '../../../operator/metrics.ts'
import { testClient, testKubeconfig, testNamespace } from '../../support/kube.ts'
import { electionWorld, production, untilAborted } from './election-world.ts'

test('one of two candidates leads, and the other takes over within seconds when it stops in order', async (t) => {
  await using world = await electionWorld()
  const first = await world.candidate('first')
  await world.until(() => first.startedAt !== null)
  const second = await world.candidate('second')
  await world.advance(60_000)
  t.deepEqual([second.waiting, second.startedAt, first.abortedAt], [true, null, null])
  const stoppedAt = world.clock.monotonic()
  first.stop()
  await world.until(() => second.startedAt !== null)
  t.is(first.result, 'stopped')
  t.true((second.startedAt ?? 0) - stoppedAt <= 5_000)
})

/**
 *   first    lead ----------| stop ....... work ends | release
 *   second   wait ------------------------------------------| lead
 */
test('a leader that stops keeps the lease until its work has ended', async (t) => {
  await using world = await electionWorld()
  const lingering = async (leading: AbortSignal): Promise<void> => {
    await untilAborted(leading)
    await new Promise<void>((resolve) => world.clock.after(40_000, resolve))
  }
  const first = await world.candidate('first', { work: lingering })
  await world.until(() => first.startedAt !== null)
  const second = await world.candidate('second')
  await world.advance(5_000)
  first.stop()
  await world.until(() => second.startedAt !== null)
  t.is((first.workEndedAt ?? 0) - (first.abortedAt ?? 0), 40_000)
  t.true((second.startedAt ?? 0) >= (first.workEndedAt ?? Infinity))
})

/**
 *   API of first   ok ----| hangs .............................
 *   first          lead ---------------| abort (10 s after the last renewal)
 *   second         wait ------------------------| lead (15 s)
 */
test('a leader that cannot reach the API server stops work before another may begin, and its calls in flight end', async (t) => {
  await using world = await electionWorld()
  let failure: unknown = null
  const watching = async (leading: AbortSignal, client: KubeClient): Promise<void> => {
    const { resourceVersion } = await client.list(configMaps, { namespace: world.namespace }, { signal: leading })
    const events = client.watch(configMaps, { namespace: world.namespace, resourceVersion }, { signal: leading, timeoutMs: 3_600_000 })
    for await (const event of events) failure = event
  }
  const first = await world.candidate('first', {
    work: (leading, client) => watching(leading, client).catch((error: unknown) => void (failure = error)),
  })
  await world.until(() => first.startedAt !== null)
  const second = await world.candidate('second')
  await world.advance(10_000)
  const cutAt = world.clock.monotonic()
  first.api.fault = () => ({ kind: 'hang' })
  await world.until(() => second.startedAt !== null)
  t.is(first.result, 'lost')
  t.true(first.reason instanceof LeadershipLost)
  t.is(failure, first.reason)
  t.true((first.abortedAt ?? 0) - cutAt <= 10_000)
  t.true((second.startedAt ?? 0) - (first.abortedAt ?? 0) >= 2_500)
})

test('a leader survives an outage that is shorter than its renewal time', async (t) => {
  await using world = await electionWorld()
  const first = await world.candidate('first')
  const second = await world.candidate('second')
  await world.until(() => first.startedAt !== null || second.startedAt !== null)
  const leader = first.startedAt === null ? second : first
  leader.api.fault = () => ({ kind: 'refuse' })
  await world.advance(7_000)
  leader.api.fault = null
  await world.advance(60_000)
  t.is(leader.abortedAt, null)
  t.true(first.startedAt === null || second.startedAt === null)
})

test('renewals whose answers are lost now and then cost nothing', async (t) => {
  await using world = await electionWorld()
  const first = await world.candidate('first')
  await world.until(() => first.startedAt !== null)
  let lost = 0
  first.api.fault = ({ method }) => (method === 'PUT' && lost++ % 3 === 0 ? { kind: 'lose-answer' } : null)
  await world.advance(60_000)
  t.true(lost > 10)
  t.is(first.abortedAt, null)
})

test('a leader whose lease was given to somebody else stops with its next renewal and leaves the lease alone', async (t) => {
  await using world = await electionWorld()
  const first = await world.candidate('first')
  await world.until(() => first.startedAt !== null)
  const lease = (await world.lease())!
  await world.client.update(leases, { ...lease, spec: { ...lease.spec, holderIdentity: 'usurper' } })
  await world.advance(2_500)
  await first.ended
  t.is(first.result, 'lost')
  t.is((await world.lease())?.spec?.holderIdentity, 'usurper')
})

test('a leader whose lease was deleted makes it again and goes on', async (t) => {
  await using world = await electionWorld()
  const first = await world.candidate('first')
  await world.until(() => first.startedAt !== null)
  await world.client.delete(leases, { namespace: world.namespace, name: 'operator' })
  await world.advance(2_500)
  t.is((await world.lease())?.spec?.holderIdentity, 'first')
  t.is(first.abortedAt, null)
})

for (const hours of [-3, 3]) {
  test(`a candidate whose wall clock is ${hours} hours off neither takes a lease that is renewed nor waits longer for one that is not`, async (t) => {
    await using world = await electionWorld()
    const first = await world.candidate('first')
    await world.until(() => first.startedAt !== null)
    const second = await world.candidate('second', { skewMs: hours * 3_600_000 })
    await world.advance(60_000)
    t.deepEqual([first.abortedAt, second.startedAt], [null, null])
    const cutAt = world.clock.monotonic()
    first.api.fault = () => ({ kind: 'refuse' })
    await world.until(() => second.startedAt !== null)
    t.true((second.startedAt ?? 0) - cutAt <= production.durationMs + 2 * production.retryMs)
  })
}

test('work that fails gives the lease up and passes its error on', async (t) => {
  const client = await testClient()
  const namespace = await testNamespace(client)
  const election = {
    client,
    namespace,
    name: 'operator',
    identity: 'first',
    log: silentLog,
    metrics: createMetrics(new Registry()),
    clock: systemClock,
    random: Math.random,
  }
  await t.throwsAsync(
    lead(election, () => Promise.reject(new Error('no Kafka')), new AbortController().signal),
    { message: 'no Kafka' },
  )
  t.is((await client.get(leases, { namespace, name: 'operator' })).spec?.holderIdentity, '')
  client.close()
})

test('whatever happens to the connections of three candidates, two never lead at the same time', async (t) => {
  await using world = await electionWorld()
  const spans: { from: number; to: number }[] = []
  const stop = new AbortController()
  const campaign = async (identity: string): Promise<void> => {
    while (!stop.signal.aborted) {
      const one = await world.candidate(identity, { signal: stop.signal })
      ways.set(identity, one.api)
      await one.ended
      if (one.startedAt !== null) spans.push({ from: one.startedAt, to: one.abortedAt ?? Infinity })
    }
  }
  const ways = new Map<string, Awaited<ReturnType<typeof world.candidate>>['api']>()
  const campaigns = ['a', 'b', 'c'].map(campaign)
  const leader = async (): Promise<string> => (await world.lease())?.spec?.holderIdentity ?? ''
  const faults = [
    () => ({ kind: 'hang' }) as const,
    ({ method }: { method: string }) => (method === 'PUT' ? ({ kind: 'lose-answer' } as const) : ({ kind: 'refuse' } as const)),
    () => ({ kind: 'answer', status: 500, reason: 'InternalError' }) as const,
  ]
  for (let round = 0; round < 9; round++) {
    await world.until(async () => (await leader()) !== '')
    const holder = await leader()
    const api = ways.get(holder)!
    api.fault = faults[round % faults.length]!
    await world.until(async () => (await leader()) !== holder)
    api.fault = null
    await world.advance(3_000)
  }
  stop.abort(new Error('end'))
  await world.until(() => spans.length >= 9)
  await world.advance(10_000)
  await Promise.all(campaigns)
  spans.sort((x, y) => x.from - y.from)
  for (const [i, span] of spans.entries()) if (i > 0) t.true(span.from >= spans[i - 1]!.to, JSON.stringify(spans))
  t.true(spans.length >= 9)
})

test('a candidate takes over from a process that was killed, not before the lease has run out', async (t) => {
  const timing = { durationMs: 6_000, renewMs: 5_000, retryMs: 500 }
  const client = await testClient()
  const namespace = await testNamespace(client)
  const child = spawn(process.execPath, [
    join(import.meta.dirname, 'candidate.ts'),
    testKubeconfig(),
    namespace,
    'operator',
    'child',
    JSON.stringify(timing),
  ])
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const killedAt = performance.now()
  const election = {
    client,
    namespace,
    name: 'operator',
    identity: 'second',
    log: silentLog,
    metrics: createMetrics(new Registry()),
    clock: systemClock,
    random: Math.random,
    timing,
  }
  let waitedMs = 0
  const result = await lead(election, async () => void (waitedMs = performance.now() - killedAt), AbortSignal.timeout(60_000))
  t.is(result, 'stopped')
  t.true(waitedMs >= timing.durationMs, `${waitedMs}`)
  t.is((await client.get(leases, { namespace, name: 'operator' })).spec?.leaseTransitions, 1)
  client.close()
})
