import { Registry } from '@prometheus-io/client'
import type { Clock } from '../../../operator/clock.ts'
import type { KubeClient } from '../../../operator/kube/client.ts'
import { type ElectionTiming, lead } from '../../../operator/kube/election.ts'
import { type Lease, leases, type Stored } from '../../../operator/kube/resources.ts'
import { createKubeClient } from '../../../operator/kube/rest/client.ts'
import { silentLog } from '../../../operator/log.ts'
import { createMetrics } from '../../../operator/metrics.ts'
import { type FaultyApi, startFaultyApi } from '../../support/faulty-api.ts'
import { testClient, testConnection, testNamespace } from '../../support/kube.ts'
import { ManualClock, settle } from './manual-clock.ts'

export interface CandidateOptions {
  /** How far its wall clock is off. */
  readonly skewMs?: number
  readonly signal?: AbortSignal
  /** What it does while it leads; ends by itself some time after `leading` was aborted. */
  readonly work?: (leading: AbortSignal, client: KubeClient) => Promise<void>
}

export interface Candidate {
  /** Its way to the API server. */
  readonly api: FaultyApi
  /** Times of the shared clock. */
  startedAt: number | null
  abortedAt: number | null
  workEndedAt: number | null
  /** Why its work was aborted. */
  reason: unknown
  result: 'lost' | 'stopped' | null
  waiting: boolean
  stop(): void
  readonly ended: Promise<void>
}

/**
 * Candidates for one Lease on a real API server, each with a faulty way to it, under one clock that moves only when told:
 * what takes fifteen seconds takes none, and a slow machine changes nothing.
 */
export async function electionWorld() {
  const clock = new ManualClock()
  const outside = await testClient()
  const namespace = await testNamespace(outside)
  const apis = new Map<string, { api: FaultyApi; client: KubeClient; inFlight: { count: number } }>()
  const stops: AbortController[] = []
  const endings: Promise<void>[] = []

  /** Until every call that can be answered was answered, and what followed from that was done. */
  async function quiet(): Promise<void> {
    for (;;) {
      await settle()
      const open = [...apis.values()].reduce((sum, { api, inFlight }) => sum + inFlight.count - api.hanging, 0)
      if (open === 0) return
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  async function advance(milliseconds: number): Promise<void> {
    await quiet()
    const end = clock.monotonic() + milliseconds
    while (clock.monotonic() < end) {
      await clock.advance(Math.min(clock.untilNext, end - clock.monotonic()))
      await quiet()
    }
  }

  return {
    clock,
    namespace,
    client: outside,
    advance,
    /** Lets time pass until it is so; fails after two minutes of it. */
    async until(condition: () => boolean | Promise<boolean>): Promise<void> {
      await quiet()
      for (let passed = 0; passed < 120_000; passed += 250) {
        if (await condition()) return
        await advance(250)
      }
      throw new Error('It did not come about within two minutes of the clock')
    },
    lease: (): Promise<Stored<Lease> | null> => outside.find(leases, { namespace, name: 'operator' }),
    async candidate(identity: string, options: CandidateOptions = {}): Promise<Candidate> {
      const way = apis.get(identity) ?? (await wayOf(clock))
      apis.set(identity, way)
      const own: Clock = {
        now: () => clock.now() + (options.skewMs ?? 0),
        monotonic: () => clock.monotonic(),
        after: (ms, action) => clock.after(ms, action),
      }
      const stop = new AbortController()
      stops.push(stop)
      const log = { ...silentLog, info: (message: string) => void (seen.waiting ||= message === 'waiting for the lease') }
      const election = {
        client: way.client,
        namespace,
        name: 'operator',
        identity,
        log,
        metrics: createMetrics(new Registry()),
        clock: own,
        random: () => 0.5,
      }
      const work = async (leading: AbortSignal): Promise<void> => {
        seen.startedAt = clock.monotonic()
        leading.addEventListener('abort', () => void ([seen.abortedAt, seen.reason] = [clock.monotonic(), leading.reason]), { once: true })
        await (options.work ?? untilAborted)(leading, way.client)
        seen.workEndedAt = clock.monotonic()
      }
      const ended = lead(election, work, options.signal ?? stop.signal).then((result) => void (seen.result = result))
      const seen: Candidate = {
        api: way.api,
        startedAt: null,
        abortedAt: null,
        workEndedAt: null,
        reason: null,
        result: null,
        waiting: false,
        stop: () => stop.abort(new Error('stopped')),
        ended,
      }
      endings.push(ended)
      return seen
    },
    async [Symbol.asyncDispose]() {
      for (const stop of stops) stop.abort(new Error('end of the test'))
      for (const { api } of apis.values()) api.fault = null
      let open = true
      void Promise.allSettled(endings).then(() => void (open = false))
      while (open) await advance(1_000)
      for (const { api, client } of apis.values()) {
        client.close()
        await api[Symbol.asyncDispose]()
      }
      outside.close()
    },
  }
}

export const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })))

export const production: ElectionTiming = { durationMs: 15_000, renewMs: 10_000, retryMs: 2_000 }

async function wayOf(clock: Clock) {
  const api = await startFaultyApi(await testConnection())
  const inFlight = { count: 0 }
  const client = createKubeClient(api.connection, { clock, qps: 1_000, burst: 1_000 })
  return { api, inFlight, client: counted(client, inFlight) }
}

/** The client, counting its calls that are not done; a watch is none, as it never is. */
function counted(client: KubeClient, inFlight: { count: number }): KubeClient {
  return new Proxy(client, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function' || name === 'watch' || name === 'close') return method
      return (...args: unknown[]): unknown => {
        inFlight.count += 1
        const answer: unknown = Reflect.apply(method, target, args)
        return Promise.resolve(answer).finally(() => (inFlight.count -= 1))
      }
    },
  })
}
