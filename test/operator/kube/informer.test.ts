import { Registry } from '@prometheus-io/client'
import test from 'ava'
import { createInformer } from '../../../operator/kube/informer.ts'
import { KubeError } from '../../../operator/kube/errors.ts'
import { configMaps } from '../../../operator/kube/resources.ts'
import { silentLog } from '../../../operator/log.ts'
import { createMetrics } from '../../../operator/metrics.ts'
import { createMemoryApi } from '../../support/memory-api.ts'
import { ManualClock, settle } from './manual-clock.ts'

async function start(namespaces: readonly string[] | undefined, forbidden: readonly (string | undefined)[]) {
  const { kube } = createMemoryApi()
  await kube.create(configMaps, { metadata: { namespace: 'a', name: 'one' } })
  const client: typeof kube = {
    ...kube,
    list(resource, selection = {}, options) {
      if (!forbidden.includes(selection.namespace)) return kube.list(resource, selection, options)
      return Promise.reject(new KubeError('list', { status: 403, reason: 'Forbidden', message: 'no role' }))
    },
    watch: (_resource, _selection, { signal } = {}) => silence(signal),
  }
  const metrics = createMetrics(new Registry())
  const common = { client, log: silentLog, metrics, clock: new ManualClock(), random: () => 0 }
  const informer = createInformer(configMaps, { ...common, ...(namespaces && { namespaces }) })
  const stop = new AbortController()
  const ended = informer.run(stop.signal)
  await settle()
  return { informer, stop: () => (stop.abort(), ended) }
}

test('a namespace that was deleted with its role does not keep the operator from the others', async (t) => {
  const { informer, stop } = await start(['a', 'gone'], ['gone'])
  t.true(informer.synced)
  t.deepEqual(informer.cache.keys(), ['a/one'])
  await stop()
})

test('an operator for all namespaces that may not read them is not ready', async (t) => {
  const { informer, stop } = await start(undefined, [undefined])
  t.false(informer.synced)
  await stop()
})

/** A watch on which nothing happens. */
async function* silence(signal: AbortSignal | undefined): AsyncGenerator<never> {
  await new Promise((resolve) => signal?.addEventListener('abort', resolve))
  yield* []
}
