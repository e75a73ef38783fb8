import { type Clock, deadline, sleep } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import { isConflict, KubeError } from './errors.ts'
import type { Change, Informer } from './informer.ts'
import { type Key, keyOf, type KubeObject, type Resource, type Stored } from './resources.ts'
import { type QueueOptions, WorkQueue } from './workqueue.ts'

/**
 * Brings the world of one key to what its object says, as it is now: it is not told what changed, and may be called at any time.
 * Never runs twice at once for a key. What it throws is retried with growing pauses.
 */
export type Reconcile = (key: Key, context: ReconcileContext) => Promise<Outcome>

/** When to come back although nothing has changed; left out: only on a change or at the next resync. */
export interface Outcome {
  readonly requeueAfterMs?: number
}

export interface ReconcileContext {
  /** Aborted when the operator stops, loses its lease, or the deadline of this reconcile has passed. Hand it to every call. */
  readonly signal: AbortSignal
  /** Names controller and key. */
  readonly log: Log
  /** Failures in a row before this run. */
  readonly failures: number
}

export interface Controller {
  readonly name: string
  /** Works until the signal is aborted and the last reconcile has ended. May be called again after that. */
  run(signal: AbortSignal): Promise<void>
  /** Asks for a reconcile from outside; without effect while the controller doesn't run. */
  enqueue(key: Key): void
  /** Age of the reconcile that has been running longest, 0 when none runs. */
  oldestReconcileMs(): number
}

export interface ControllerOptions {
  readonly name: string
  readonly reconcile: Reconcile
  readonly watches: readonly Watch[]
  readonly log: Log
  readonly metrics: Metrics
  readonly clock: Clock
  readonly random: () => number
  /** Keys worked on at once. Default 4. */
  readonly workers?: number
  /** Time of one reconcile. Default 2 min. */
  readonly deadlineMs?: number
  readonly backoff?: QueueOptions['backoff']
  /** Each key comes again after this time (and up to a tenth more), change or not. Default 10 h. */
  readonly resyncMs?: number
}

/** Where keys come from. */
export interface Watch {
  subscribe(enqueue: (key: Key) => void): () => void
  whenSynced(signal: AbortSignal): Promise<void>
  /** Keys that a resync brings again. */
  keys(): readonly Key[]
}

/** The objects of the controller's own kind; `when` leaves out changes that need no work. */
export function own<T extends KubeObject>(informer: Informer<T>, when: (change: Change<T>) => boolean = () => true): Watch {
  return { ...mapped(informer, (object) => [keyOf(object)], when), keys: () => informer.cache.keys() }
}

/** Objects whose controlling owner is of kind `owner`: the owner's key. */
export function ownedBy<T extends KubeObject>(informer: Informer<T>, owner: Resource<KubeObject>, when?: (change: Change<T>) => boolean): Watch {
  return mapped(informer, (object) => ownerKeys(object, owner), when)
}

/** Any relation: `keys` says whom a change of the object concerns. It is asked about the object before and after. */
export function mapped<T extends KubeObject>(
  informer: Informer<T>,
  keys: (object: Stored<T>) => readonly Key[],
  when: (change: Change<T>) => boolean = () => true,
): Watch {
  return {
    subscribe: (enqueue) =>
      informer.subscribe((change) => {
        if (!when(change)) return
        const concerned = new Set(keys(change.object))
        if (change.kind === 'updated') for (const key of keys(change.previous)) concerned.add(key)
        for (const key of concerned) enqueue(key)
      }),
    whenSynced: (signal) => informer.whenSynced(signal),
    keys: () => [],
  }
}

/** For `own`: more than the status changed, so that the controller's own writes of it don't wake it. */
export function moreThanStatus(change: Change<KubeObject>): boolean {
  if (change.kind !== 'updated') return true
  const facts = ({ metadata }: KubeObject): string =>
    JSON.stringify([metadata.uid, metadata.generation, metadata.labels, metadata.annotations, metadata.finalizers, metadata.deletionTimestamp])
  return change.object.metadata.generation === undefined || facts(change.object) !== facts(change.previous)
}

export function createController(options: ControllerOptions): Controller {
  const { name, clock, metrics } = options
  const log = options.log.child({ controller: name })
  const deadlineMs = options.deadlineMs ?? 120_000
  const running = new Map<Key, number>()
  let queue: WorkQueue | null = null

  const oldestReconcileMs = (): number => {
    const oldest = Math.min(...running.values())
    return Number.isFinite(oldest) ? clock.monotonic() - oldest : 0
  }

  async function once(queue: WorkQueue, key: Key, outer: AbortSignal): Promise<void> {
    const startedAt = clock.monotonic()
    const failures = queue.failures(key)
    running.set(key, startedAt)
    using limit = deadline(clock, deadlineMs, outer, () => new Error(`The reconcile of ${key} took longer than ${deadlineMs} ms`))
    let result = 'done'
    try {
      const { requeueAfterMs } = await options.reconcile(key, { signal: limit.signal, log: log.child({ key }), failures })
      queue.forget(key)
      if (requeueAfterMs !== undefined) queue.addAfter(key, requeueAfterMs)
      if (requeueAfterMs !== undefined) result = 'again'
    } catch (error) {
      if (outer.aborted) {
        result = 'stopped'
        return
      }
      result = isConflict(error) ? 'conflict' : 'error'
      const pauseMs = queue.retry(key, error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0)
      // A lost race is everyday life: the cache will show the newer object in a moment.
      log[result === 'conflict' ? 'debug' : 'error']('reconcile failed', { key, failures: failures + 1, pauseMs: Math.round(pauseMs), error })
    } finally {
      running.delete(key)
      queue.done(key)
      metrics.reconciles.inc({ controller: name, result })
      metrics.reconcileSeconds.observe({ controller: name }, (clock.monotonic() - startedAt) / 1_000)
    }
  }

  async function work(queue: WorkQueue, signal: AbortSignal): Promise<void> {
    for (;;) {
      const taken = await queue.take(signal).catch(() => null)
      if (taken === null || signal.aborted) return
      metrics.queueSeconds.observe({ controller: name }, taken.waitedMs / 1_000)
      await once(queue, taken.key, signal)
    }
  }

  async function resync(queue: WorkQueue, signal: AbortSignal): Promise<void> {
    for (;;) {
      const slept = await sleep(clock, options.resyncMs ?? 36_000_000, signal).then(
        () => true,
        () => false,
      )
      if (!slept) return
      const spreadMs = (options.resyncMs ?? 36_000_000) / 10
      for (const watch of options.watches) for (const key of watch.keys()) queue.addAfter(key, options.random() * spreadMs)
    }
  }

  return {
    name,
    async run(signal) {
      const current = new WorkQueue({ clock, random: options.random, ...(options.backoff === undefined ? {} : { backoff: options.backoff }) })
      queue = current
      const stopSampling = metrics.beforeScrape(() => {
        metrics.queueDepth.set({ controller: name }, current.depth)
        metrics.oldestReconcileSeconds.set({ controller: name }, oldestReconcileMs() / 1_000)
      })
      const unsubscribe = options.watches.map((watch) => watch.subscribe((key) => current.add(key)))
      try {
        // Before all copies are whole a reconcile would take what is unlisted for missing.
        await Promise.all(options.watches.map((watch) => watch.whenSynced(signal)))
        log.info('controller started', { workers: options.workers ?? 4 })
        await Promise.all([resync(current, signal), ...Array.from({ length: options.workers ?? 4 }, () => work(current, signal))])
      } catch (error) {
        if (!signal.aborted) throw error
      } finally {
        for (const stop of unsubscribe) stop()
        current.close()
        stopSampling()
        queue = null
        log.info('controller stopped')
      }
    },
    enqueue: (key) => queue?.add(key),
    oldestReconcileMs,
  }
}

function ownerKeys(object: KubeObject, owner: Resource<KubeObject>): readonly Key[] {
  return (object.metadata.ownerReferences ?? [])
    .filter((reference) => reference.controller === true && reference.kind === owner.kind && groupOf(reference.apiVersion) === owner.group)
    .map((reference) =>
      keyOf({ metadata: { name: reference.name, ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }) } }),
    )
}

const groupOf = (apiVersion: string): string => (apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '')
