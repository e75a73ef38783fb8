import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { KubeClient } from './client.ts'
import { isAlreadyExists, isNotFound, isUnknownOutcome, KubeError } from './errors.ts'
import { microTime } from './lease.ts'
import { TokenBucket } from './rate.ts'
import { type Event, events, keyOf, type KubeObject } from './resources.ts'
import { WorkQueue } from './workqueue.ts'

/** Something that happened to an object, for `kubectl describe`. */
export interface Happening {
  /** With apiVersion, kind and uid. */
  readonly regarding: KubeObject
  readonly type: 'Normal' | 'Warning'
  /** Why, in PascalCase: what a machine filters by. */
  readonly reason: string
  /** What the operator did or tried, in PascalCase. */
  readonly action: string
  /** For people; cut at 1,024 bytes. */
  readonly note: string
}

/** Records events in the background. A repeat within six minutes raises the count of the first, at most once a minute. */
export interface EventRecorder {
  /** Returns at once and never throws. An object that is too chatty loses events, which a metric counts. */
  record(happening: Happening): void
  /** Writes what is recorded until the signal is aborted, then for up to two seconds what is left. */
  run(signal: AbortSignal): Promise<void>
}

export interface EventRecorderOptions {
  readonly client: KubeClient
  readonly log: Log
  readonly metrics: Metrics
  readonly clock: Clock
  readonly random: () => number
  /** `streamjob.dev/operator` */
  readonly controller: string
  /** The pod's name. */
  readonly instance: string
  readonly seriesMs?: number
}

interface Series {
  readonly event: Event
  readonly namespace: string
  count: number
  written: number
  lastAt: number
  lastTime: string
}

const windowMs = 360_000
const maxSeries = 2_000

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, clock, metrics } = options
  const queue = new WorkQueue({ clock, random: options.random, backoff: { baseMs: 500, capMs: 10_000 } })
  /** In the order of their first use: the oldest go first. */
  const known = new Map<string, Series>()
  const buckets = new Map<string, TokenBucket>()

  function allowed(uid: string): boolean {
    // Twenty-five at once and one more every five minutes for one object, as other controllers do it.
    const bucket = buckets.get(uid) ?? new TokenBucket({ perSecond: 1 / 300, burst: 25, clock })
    buckets.delete(uid)
    buckets.set(uid, bucket)
    evict(buckets)
    return bucket.tryTake()
  }

  function evict(map: Map<string, unknown>): void {
    for (const key of map.keys()) {
      if (map.size <= maxSeries) return
      map.delete(key)
    }
  }

  function record(happening: Happening): void {
    try {
      const { regarding, type, reason, action, note } = happening
      const uid = regarding.metadata.uid ?? keyOf(regarding)
      const key = JSON.stringify([uid, type, reason, action, note])
      const series = known.get(key)
      if (series !== undefined && clock.monotonic() - series.lastAt < windowMs) {
        series.count += 1
        series.lastAt = clock.monotonic()
        series.lastTime = microTime(clock)
        queue.addAfter(key, options.seriesMs ?? 60_000)
        return
      }
      if (!allowed(uid)) {
        metrics.eventsDropped.inc({ reason: 'rate' })
        return
      }
      if (queue.depth >= maxSeries) {
        metrics.eventsDropped.inc({ reason: 'full' })
        return
      }
      known.delete(key)
      known.set(key, seriesOf(happening, key, options))
      evict(known)
      queue.add(key)
    } catch (error) {
      options.log.error('recording an event failed', { error })
    }
  }

  async function write(series: Series, signal: AbortSignal): Promise<void> {
    const { count } = series
    const at = { namespace: series.namespace, name: series.event.metadata.name }
    const body = { series: { count, lastObservedTime: series.lastTime } }
    if (series.written > 0 && count > series.written) {
      const patched = await client.patch(events, at, { kind: 'merge', body }, { signal }).catch(nullIfNotFound)
      series.written = count
      if (patched !== null) return
    } else if (series.written > 0) return
    const event = count > 1 ? { ...series.event, ...body } : series.event
    await client.create(events, event, { signal }).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error
    })
    series.written = count
  }

  async function once(key: string, signal: AbortSignal): Promise<void> {
    const series = known.get(key)
    try {
      if (series !== undefined) await write(series, signal)
      queue.forget(key)
    } catch (error) {
      if (signal.aborted) return
      const mayPass = isUnknownOutcome(error) || (error instanceof KubeError && error.status === 429)
      if (mayPass && queue.failures(key) < 5) {
        queue.retry(key)
      } else {
        queue.forget(key)
        metrics.eventsDropped.inc({ reason: 'error' })
        options.log.warn('an event was not recorded', { reason: series?.event.reason, error })
      }
    } finally {
      queue.done(key)
    }
  }

  return {
    record,
    async run(signal) {
      // What is being written when the end comes is finished, like what is still waiting.
      const last = new AbortController()
      let cancel = (): void => {}
      const onStop = (): void => void (cancel = clock.after(2_000, () => last.abort(new Error('The time for the last events is over'))))
      signal.addEventListener('abort', onStop, { once: true })
      for (;;) {
        const taken = await queue.take(signal).catch(() => null)
        if (taken === null) break
        await once(taken.key, last.signal)
      }
      while (queue.depth > 0 && !last.signal.aborted) await once((await queue.take(last.signal)).key, last.signal)
      cancel()
      queue.close()
    },
  }
}

const nullIfNotFound = (error: unknown): null => {
  if (isNotFound(error)) return null
  throw error
}

function seriesOf({ regarding, type, reason, action, note }: Happening, key: string, options: EventRecorderOptions): Series {
  const { clock } = options
  const { name, namespace, uid, resourceVersion } = regarding.metadata
  const now = microTime(clock)
  // One name for one series, so that a repeated create after a lost answer is the same event.
  const suffix = createHash('sha256').update(`${key} ${now} ${options.instance}`).digest('hex').slice(0, 16)
  const event: Event = {
    metadata: { name: `${name.slice(0, 230)}.${suffix}`, namespace: namespace ?? 'default' },
    eventTime: now,
    type,
    reason,
    action,
    note: cut(note, 1_024),
    reportingController: options.controller,
    reportingInstance: options.instance.slice(0, 128),
    regarding: {
      ...(regarding.apiVersion === undefined ? {} : { apiVersion: regarding.apiVersion }),
      ...(regarding.kind === undefined ? {} : { kind: regarding.kind }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      name,
    },
  }
  return { event, namespace: namespace ?? 'default', count: 1, written: 0, lastAt: clock.monotonic(), lastTime: now }
}

/** The longest whole characters within so many bytes of UTF-8. */
function cut(text: string, bytes: number): string {
  const encoded = Buffer.from(text)
  return encoded.length <= bytes ? text : new TextDecoder().decode(encoded.subarray(0, bytes - 3), { stream: true }) + '…'
}
