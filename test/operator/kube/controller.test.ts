import test from 'ava'
import { Registry } from '@prometheus-io/client'
import {
  type Controller,
  type ControllerOptions,
  createController,
  type Outcome,
  type ReconcileContext,
  type Watch,
} from '../../../operator/kube/controller.ts'
import { KubeError } from '../../../operator/kube/errors.ts'
import type { Key } from '../../../operator/kube/resources.ts'
import { silentLog } from '../../../operator/log.ts'
import { createMetrics } from '../../../operator/metrics.ts'
import { ManualClock, settle } from './manual-clock.ts'

test('each key that is there at the start is reconciled once', async (t) => {
  await using world = start({ keys: ['ns/a', 'ns/b'] })
  await settle()
  t.deepEqual(world.runs(), ['ns/a at 0', 'ns/b at 0'])
})

test('nothing is reconciled before every watch is synced', async (t) => {
  const synced = Promise.withResolvers<void>()
  await using world = start({ keys: ['ns/a'], synced: synced.promise })
  await world.clock.advance(1_000)
  t.deepEqual(world.runs(), [])
  synced.resolve()
  await settle()
  t.deepEqual(world.runs(), ['ns/a at 1000'])
})

/**
 *   change    x  x  x
 *   run       |-----------|---|
 */
test('changes of a key that is being reconciled lead to one more run, after that one', async (t) => {
  await using world = start({ reconcile: (_, { clock }) => wait(clock, 100) })
  world.change('ns/a')
  await world.clock.advance(10)
  world.change('ns/a')
  world.change('ns/a')
  await world.clock.advance(1_000)
  t.deepEqual(world.runs(), ['ns/a at 0', 'ns/a at 100'])
})

test('keys are reconciled side by side, as many as there are workers', async (t) => {
  await using world = start({ keys: ['ns/a', 'ns/b', 'ns/c'], workers: 2, reconcile: (_, { clock }) => wait(clock, 100) })
  await world.clock.advance(1_000)
  t.deepEqual(world.runs(), ['ns/a at 0', 'ns/b at 0', 'ns/c at 100'])
})

test('a reconcile that asks to come back is run again after that time', async (t) => {
  await using world = start({ keys: ['ns/a'], reconcile: (count) => Promise.resolve(count < 3 ? { requeueAfterMs: 30_000 } : {}) })
  await world.clock.advance(300_000)
  t.deepEqual(world.runs(), ['ns/a at 0', 'ns/a at 30000', 'ns/a at 60000'])
})

test('a reconcile that fails is run again after 5, 10, 20 ms, and starts over after a success', async (t) => {
  const failing = new Set([1, 2, 3, 5])
  await using world = start({
    keys: ['ns/a'],
    reconcile: (count) => (failing.has(count) ? Promise.reject(new Error('not yet')) : Promise.resolve({})),
  })
  await world.clock.advance(1_000)
  t.deepEqual(world.runs(), ['ns/a at 0', 'ns/a at 5', 'ns/a at 15', 'ns/a at 35'])
  t.deepEqual(world.failures, [0, 1, 2, 3])
  world.change('ns/a')
  await world.clock.advance(1_000)
  t.deepEqual(world.runs().slice(4), ['ns/a at 1000', 'ns/a at 1005'])
})

test('a reconcile that throws before it awaits fails like any other', async (t) => {
  await using world = start({
    keys: ['ns/a'],
    reconcile(count) {
      if (count === 1) throw new Error('a bug')
      return Promise.resolve({})
    },
  })
  await world.clock.advance(1_000)
  t.deepEqual(world.runs(), ['ns/a at 0', 'ns/a at 5'])
})

test('a server that says when to come back is not asked earlier', async (t) => {
  const overloaded = new KubeError('get', { status: 503, reason: 'ServiceUnavailable', message: '', retryAfterMs: 7_000 })
  await using world = start({ keys: ['ns/a'], reconcile: (count) => (count === 1 ? Promise.reject(overloaded) : Promise.resolve({})) })
  await world.clock.advance(60_000)
  t.deepEqual(world.runs(), ['ns/a at 0', 'ns/a at 7000'])
})

test('a reconcile beyond its deadline is aborted, counts as failed and frees its key', async (t) => {
  await using world = start({
    keys: ['ns/a'],
    deadlineMs: 1_000,
    reconcile: (count, { signal }) => (count === 1 ? untilAborted(signal) : Promise.resolve({})),
  })
  await world.clock.advance(900)
  t.is(world.controller.oldestReconcileMs(), 900)
  await world.clock.advance(10_000)
  t.deepEqual(world.runs(), ['ns/a at 0', 'ns/a at 1005'])
  t.is(world.controller.oldestReconcileMs(), 0)
})

test('stopping aborts what runs, waits for it, and begins nothing new', async (t) => {
  const world = start({ keys: ['ns/a', 'ns/b'], workers: 1, reconcile: (_, { signal, clock }) => untilAborted(signal).catch(() => wait(clock, 50)) })
  await settle()
  world.stop.abort(new Error('stop'))
  await world.clock.advance(49)
  t.false(world.ended())
  await world.clock.advance(1)
  t.true(world.ended())
  t.deepEqual(world.runs(), ['ns/a at 0'])
  t.is(world.clock.pending, 0)
})

test('a controller may run again after it was stopped, from what is there then', async (t) => {
  const world = start({ keys: ['ns/a'] })
  await settle()
  world.stop.abort(new Error('lease lost'))
  await settle()
  const again = new AbortController()
  const running = world.controller.run(again.signal)
  await settle()
  t.deepEqual(world.runs(), ['ns/a at 0', 'ns/a at 0'])
  again.abort(new Error('end'))
  await running
})

test('after the resync time every key comes again, spread over a tenth of it', async (t) => {
  await using world = start({ keys: ['ns/a', 'ns/b'], resyncMs: 10_000 })
  await world.clock.advance(10_999)
  t.deepEqual(world.runs(), ['ns/a at 0', 'ns/b at 0', 'ns/a at 10500', 'ns/b at 10500'])
})

test('the metrics say how reconciles ended, how long they took and what waits', async (t) => {
  await using world = start({
    keys: ['ns/a', 'ns/b', 'ns/c'],
    workers: 1,
    reconcile: async (count, { clock }) => {
      await wait(clock, 2_000)
      if (count === 1) throw new KubeError('update', { status: 409, reason: 'Conflict', message: 'late' })
      return count === 2 ? { requeueAfterMs: 3_600_000 } : {}
    },
  })
  await world.clock.advance(5_000)
  const text = await world.metrics.scrape()
  t.regex(text, /reconciles_total\{controller="test",result="conflict"\} 1\n/)
  t.regex(text, /reconciles_total\{controller="test",result="again"\} 1\n/)
  t.regex(text, /reconcile_seconds_sum\{controller="test"\} 4\n/)
  t.regex(text, /oldest_reconcile_seconds\{controller="test"\} 1\n/)
  t.regex(text, /queue_depth\{controller="test"\} 1\n/)
})

interface WorldOptions extends Partial<Pick<ControllerOptions, 'workers' | 'deadlineMs' | 'resyncMs'>> {
  readonly keys?: readonly Key[]
  readonly synced?: Promise<void>
  /** `count` says the how manieth run of all this is. */
  readonly reconcile?: (count: number, context: ReconcileContext & { clock: ManualClock }) => Promise<Outcome>
}

function start(options: WorldOptions) {
  const clock = new ManualClock()
  const metrics = createMetrics(new Registry())
  const handlers = new Set<(key: Key) => void>()
  const runs: string[] = []
  const failures: number[] = []
  const watch: Watch = {
    subscribe(enqueue) {
      for (const key of options.keys ?? []) enqueue(key)
      handlers.add(enqueue)
      return () => void handlers.delete(enqueue)
    },
    whenSynced: () => options.synced ?? Promise.resolve(),
    keys: () => options.keys ?? [],
  }
  const controller: Controller = createController({
    ...options,
    name: 'test',
    watches: [watch],
    log: silentLog,
    metrics,
    clock,
    random: () => 0.5,
    backoff: { baseMs: 5 / 0.875, capMs: 300_000 },
    reconcile: (key, context) => {
      runs.push(`${key} at ${Math.round(clock.monotonic())}`)
      failures.push(context.failures)
      return options.reconcile?.(runs.length, { ...context, clock }) ?? Promise.resolve({})
    },
  })
  const stop = new AbortController()
  let ended = false
  const running = controller.run(stop.signal).then(() => void (ended = true))
  return {
    clock,
    metrics,
    controller,
    stop,
    failures,
    runs: () => runs,
    ended: () => ended,
    change: (key: Key) => {
      for (const handler of handlers) handler(key)
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('end of the test'))
      await clock.advance(100_000)
      await running
    },
  }
}

const wait = (clock: ManualClock, milliseconds: number): Promise<Outcome> => new Promise((resolve) => clock.after(milliseconds, () => resolve({})))

const untilAborted = (signal: AbortSignal): Promise<Outcome> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }))
