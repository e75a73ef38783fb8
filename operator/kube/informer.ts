import { type Clock, sleep } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import { type Cache, type Index, ObjectCache } from './cache.ts'
import type { KubeClient, Selection } from './client.ts'
import { isExpired, isForbidden, isUnknownOutcome, KubeError } from './errors.ts'
import { backoffMs } from './rate.ts'
import { type Key, keyOf, type KubeObject, type Resource, type Stored } from './resources.ts'

/** Keeps a local copy of a resource and tells about changes. It survives whatever the API server does, until it is stopped. */
export interface Informer<T extends KubeObject> {
  readonly resource: Resource<T>
  readonly cache: Cache<T>
  /** True once everything has been listed, but for namespaces that may not be read; stays true through outages. */
  readonly synced: boolean
  whenSynced(signal: AbortSignal): Promise<void>
  /** First `added` for each object that is there, then each change. Handlers should only note keys; what they throw is logged. */
  subscribe(handler: (change: Change<T>) => void): () => void
  /** Follows the API server until the signal is aborted. Never rejects. Called once. */
  run(signal: AbortSignal): Promise<void>
}

export type Change<T extends KubeObject> =
  | { readonly kind: 'added'; readonly object: Stored<T> }
  | { readonly kind: 'updated'; readonly object: Stored<T>; readonly previous: Stored<T> }
  /** `object` is as it was last seen. */
  | { readonly kind: 'deleted'; readonly object: Stored<T> }

export interface InformerOptions<T extends KubeObject> {
  readonly client: KubeClient
  readonly log: Log
  readonly metrics: Metrics
  readonly clock: Clock
  readonly random: () => number
  /** One list and watch for each; all namespaces when left out. */
  readonly namespaces?: readonly string[]
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly indexes?: Readonly<Record<string, Index<T>>>
  /** What is kept of an object; managedFields are dropped before. */
  readonly keep?: (object: Stored<T>) => Stored<T>
  /** Silence that means a dead connection; the server sends a bookmark about every minute. Default 100 s. */
  readonly idleMs?: number
  /** After this time everything is listed again when a watch ends, against the change that got lost. Default 1 h. */
  readonly relistMs?: number
  readonly backoff?: { readonly baseMs: number; readonly capMs: number }
}

export function createInformer<T extends KubeObject>(resource: Resource<T>, options: InformerOptions<T>): Informer<T> {
  const { client, clock, random, metrics } = options
  const log = options.log.child({ resource: resource.plural })
  const cache = new ObjectCache<T>(options.indexes ?? {})
  const handlers = new Set<(change: Change<T>) => void>()
  const scopes: readonly Selection[] = (options.namespaces ?? [undefined]).map((namespace) => ({
    ...(namespace === undefined ? {} : { namespace }),
    ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
    ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
  }))
  const unlisted = new Set(scopes)
  const synced = Promise.withResolvers<void>()

  function tell(handler: (change: Change<T>) => void, change: Change<T>): void {
    try {
      handler(change)
    } catch (error) {
      log.error('a handler of changes failed', { key: keyOf(change.object), error })
    }
  }

  function put(raw: Stored<T>): void {
    const object = slim(raw, options.keep)
    const known = cache.get(keyOf(object))
    if (known !== undefined && known.metadata.uid === object.metadata.uid && known.metadata.resourceVersion === object.metadata.resourceVersion)
      return
    const previous = cache.set(object)
    for (const handler of handlers) tell(handler, previous === undefined ? { kind: 'added', object } : { kind: 'updated', object, previous })
  }

  function drop(key: Key): void {
    const object = cache.remove(key)
    if (object !== undefined) for (const handler of handlers) tell(handler, { kind: 'deleted', object })
  }

  /** Brings the copy of one scope to what the server lists; returns the version that the watch goes on from. */
  async function list(scope: Selection, signal: AbortSignal): Promise<string> {
    const { items, resourceVersion } = await client.list(resource, scope, { signal, timeoutMs: 60_000 })
    const listed = new Set(items.map(keyOf))
    for (const object of cache.list(scope.namespace)) if (!listed.has(keyOf(object))) drop(keyOf(object))
    for (const item of items) put(item)
    lookedAt(scope)
    return resourceVersion
  }

  function lookedAt(scope: Selection): void {
    unlisted.delete(scope)
    if (unlisted.size === 0) synced.resolve()
  }

  /** Follows one scope from `from` until the stream ends; `seen` is told how far it came. */
  async function watch(scope: Selection, from: string, seen: (version: string) => void, signal: AbortSignal): Promise<void> {
    const serverTimeoutSeconds = Math.round(300 * (1 + random()))
    const stream = client.watch(resource, { ...scope, resourceVersion: from, serverTimeoutSeconds }, { signal, timeoutMs: options.idleMs ?? 100_000 })
    let version = from
    for await (const event of stream) {
      const next = event.kind === 'bookmark' ? event.resourceVersion : event.object.metadata.resourceVersion
      if (isOlder(next, version))
        throw new KubeError(`watch ${resource.plural}`, { status: 410, reason: 'WentBack', message: 'The server went back in history' })
      if (event.kind === 'added' || event.kind === 'modified') put(event.object)
      if (event.kind === 'deleted') drop(keyOf(event.object))
      version = next
      seen(version)
    }
  }

  async function follow(scope: Selection, signal: AbortSignal): Promise<void> {
    let version: string | null = null
    let listedAt = 0
    let failures = 0
    const relistMs = (options.relistMs ?? 3_600_000) * (1 + 0.1 * random())
    while (!signal.aborted) {
      const startedAt = clock.monotonic()
      let reason = 'Closed'
      let askedMs = 0
      try {
        if (version === null) {
          version = await list(scope, signal)
          listedAt = clock.monotonic()
        }
        await watch(scope, version, (next) => void ([version, failures] = [next, 0]), signal)
        if (clock.monotonic() - listedAt > relistMs) version = null
      } catch (error) {
        if (signal.aborted) return
        reason = error instanceof KubeError ? error.reason : 'Error'
        askedMs = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0
        // Without an answer the version is as good as before; any other refusal may be about the version, and after a long outage who knows.
        if (!isUnknownOutcome(error) || reason === 'BadAnswer' || failures >= 5) version = null
        // A namespace that was deleted took its role with it: the others are not to wait for it.
        if (scope.namespace !== undefined && isForbidden(error)) lookedAt(scope)
        log[isExpired(error) ? 'info' : 'warn']('watch failed, starting again', { namespace: scope.namespace ?? null, failures, error })
      }
      metrics.watchRestarts.inc({ resource: resource.plural, reason })
      // A stream that lived for a while is begun again at once; one that fails at its start again and again, more and more slowly.
      if (reason === 'Closed' && clock.monotonic() - startedAt > 5_000) continue
      const pauseMs = Math.max(askedMs, backoffMs(failures++, options.backoff ?? { baseMs: 200, capMs: 30_000 }, random))
      await sleep(clock, pauseMs, signal).catch(() => {})
    }
  }

  return {
    resource,
    cache,
    get synced() {
      return unlisted.size === 0
    },
    whenSynced: (signal) => race(synced.promise, signal),
    subscribe(handler) {
      for (const object of cache.list()) tell(handler, { kind: 'added', object })
      handlers.add(handler)
      return () => void handlers.delete(handler)
    },
    async run(signal) {
      const stop = metrics.beforeScrape(() => metrics.cachedObjects.set({ resource: resource.plural }, cache.size))
      await Promise.all(scopes.map((scope) => follow(scope, signal)))
      stop()
    },
  }
}

function slim<T extends KubeObject>(object: Stored<T>, keep: ((object: Stored<T>) => Stored<T>) | undefined): Stored<T> {
  if ('managedFields' in object.metadata) delete (object.metadata as { managedFields?: unknown }).managedFields
  return keep === undefined ? object : keep(object)
}

/** Versions are decimal numbers that only grow; a smaller one comes from a server that was put back to an earlier state. */
function isOlder(next: string, than: string): boolean {
  return next.length === than.length ? next < than : next.length < than.length
}

function race(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const onAbort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    void promise.then(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    })
  })
}
