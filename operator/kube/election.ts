import { type Clock, sleep } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { KubeClient } from './client.ts'
import { LeaseLock } from './lease.ts'

export interface ElectionOptions {
  readonly client: KubeClient
  readonly namespace: string
  readonly name: string
  /** Unique among candidates that may live at the same time: the pod's name, as a pod never runs twice at once. */
  readonly identity: string
  readonly log: Log
  readonly metrics: Metrics
  readonly clock: Clock
  readonly random: () => number
  readonly timing?: ElectionTiming
}

/** A leader gives up after `renewMs` without a renewal, a candidate takes over after `durationMs`: the difference is the safety margin. */
export interface ElectionTiming {
  readonly durationMs: number
  readonly renewMs: number
  readonly retryMs: number
}

export const defaultTiming: ElectionTiming = { durationMs: 15_000, renewMs: 10_000, retryMs: 2_000 }

/** Why `leading` was aborted. */
export class LeadershipLost extends Error {
  override readonly name = 'LeadershipLost'
}

/**
 * Waits for the lease, then runs `work` while holding it. `leading` is aborted at once when the lease is lost or `signal` is aborted;
 * the lease is kept until `work` has ended and then given up, so a successor never meets work of ours that was stopped in order.
 * Resolves with `lost` when somebody else may be leading now; otherwise as `work` ends, or with `stopped`.
 */
export async function lead(
  options: ElectionOptions,
  work: (leading: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<'lost' | 'stopped'> {
  const { metrics, log } = options
  const timing = options.timing ?? defaultTiming
  const lock = new LeaseLock({ ...options, durationMs: timing.durationMs, timeoutMs: timing.renewMs / 2 })
  metrics.leader.set(0)
  const acquiredAt = await acquire(lock, options, timing, signal)
  if (acquiredAt === null) return 'stopped'

  log.info('became leader', { identity: options.identity })
  metrics.leader.set(1)
  const leading = new AbortController()
  const renewing = new AbortController()
  const onStop = (): void => leading.abort(signal.reason)
  signal.addEventListener('abort', onStop, { once: true })
  if (signal.aborted) onStop()

  let lost = false
  const lose = (reason: string): void => {
    if (lost || renewing.signal.aborted) return
    lost = true
    metrics.leader.set(0)
    log.error('lost the lease', { identity: options.identity, reason, holder: lock.holder })
    leading.abort(new LeadershipLost(`The lease ${options.name} was lost: ${reason}`))
    renewing.abort()
  }
  const kept = keep(lock, options, timing, acquiredAt, lose, renewing.signal)
  try {
    await work(leading.signal)
  } catch (error) {
    if (!leading.signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', onStop)
    renewing.abort()
    await kept
    if (!lost) await release(lock, options, timing)
    metrics.leader.set(0)
  }
  return lost ? 'lost' : 'stopped'
}

/** The time of the request that got the lease; null when stopped before. */
async function acquire(lock: LeaseLock, options: ElectionOptions, timing: ElectionTiming, signal: AbortSignal): Promise<number | null> {
  let waitingFor: string | null = null
  while (!signal.aborted) {
    const startedAt = options.clock.monotonic()
    try {
      if (await lock.take(signal)) return startedAt
      if (lock.holder !== waitingFor) options.log.info('waiting for the lease', { identity: options.identity, holder: lock.holder })
      waitingFor = lock.holder
    } catch (error) {
      if (!signal.aborted) options.log.warn('asking for the lease failed', { error })
    }
    // Candidates that started together drift apart.
    await sleep(options.clock, timing.retryMs * (1 + 0.5 * options.random()), signal).catch(() => {})
  }
  return null
}

/** Renews until the signal is aborted, or calls `lose`. Time counts from before a renewal was sent: the server may have seen it then. */
async function keep(
  lock: LeaseLock,
  options: ElectionOptions,
  timing: ElectionTiming,
  acquiredAt: number,
  lose: (reason: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log } = options
  const expire = (): void => lose(`not renewed for ${timing.renewMs} ms`)
  let cancel = clock.after(acquiredAt + timing.renewMs - clock.monotonic(), expire)
  while (!signal.aborted) {
    await sleep(clock, timing.retryMs, signal).catch(() => {})
    if (signal.aborted) break
    const startedAt = clock.monotonic()
    try {
      if (await lock.renew(signal)) {
        cancel()
        cancel = clock.after(startedAt + timing.renewMs - clock.monotonic(), expire)
      } else if (lock.holder !== options.identity) {
        lose('another candidate took it')
      }
    } catch (error) {
      if (!signal.aborted) log.warn('renewing the lease failed', { error })
    }
  }
  cancel()
}

async function release(lock: LeaseLock, options: ElectionOptions, timing: ElectionTiming): Promise<void> {
  try {
    await lock.release(AbortSignal.timeout(timing.renewMs / 2))
    options.log.info('gave up the lease', { identity: options.identity })
  } catch (error) {
    options.log.warn('giving up the lease failed; it will expire', { error })
  }
}
