import type { Controller } from '../kube/controller.ts'
import type { Check } from './server.ts'

/** Ready once every local copy is whole: a standby that is ready takes over at once. */
export function informersSynced(informers: readonly { readonly resource: { readonly plural: string }; readonly synced: boolean }[]): Check {
  return {
    name: 'informers',
    failing() {
      const missing = informers.filter((informer) => !informer.synced).map((informer) => informer.resource.plural)
      return missing.length === 0 ? null : `not listed yet: ${missing.join(', ')}`
    },
  }
}

/** Healthy unless a reconcile ignores its deadline: its key would never be worked on again. */
export function reconcilesEnd(controller: Controller, limitMs: number): Check {
  return {
    name: `${controller.name} reconciles`,
    failing() {
      const oldest = controller.oldestReconcileMs()
      return oldest <= limitMs ? null : `a reconcile has been running for ${Math.round(oldest / 1_000)} s`
    },
  }
}
