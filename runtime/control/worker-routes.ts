/** What a worker's ports answer. */
import type { Registry } from '@prometheus-io/client'
import { isReady } from '../worker/status.ts'
import type { Worker } from '../worker/worker.ts'
import type { Routes } from './server.ts'

/**
 * `/healthz` answers as long as the event loop turns: a function that never returns silences it, and the kubelet restarts the container.
 * `/readyz` is 200 while the worker works under the newest job record and what it did last did not fail.
 */
export function probeRoutes(worker: Worker, registry: Registry): Routes {
  return {
    '/healthz': () => ({ status: 200, body: 'ok\n' }),
    '/readyz': () => {
      const status = worker.status()
      const { state, reason, error } = status
      return { status: isReady(status) ? 200 : 503, body: `${state}: ${error?.message ?? reason}\n` }
    },
    '/metrics': async () => ({ status: 200, body: await registry.metrics(), contentType: registry.contentType }),
  }
}

export function controlRoutes(worker: Worker): Routes {
  return { '/status': () => ({ status: 200, body: worker.status() }) }
}
