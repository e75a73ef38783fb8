import { StreamJobError } from '../../errors.ts'
import { resendOf, wireError } from '../broker-errors.ts'
import type { GroupIdentity } from '../client.ts'
import type { KafkaLog } from '../log.ts'
import type { Routes } from '../routes.ts'
import type { Timing } from '../timing.ts'
import type { KafkaChannel } from '../transport.ts'

export interface HeartbeatOptions {
  readonly channel: KafkaChannel
  readonly routes: Routes
  readonly timing: Timing
  readonly log: KafkaLog
  readonly identity: GroupIdentity
  readonly heartbeatMs: number
  readonly sessionTimeoutMs: number
  readonly signal: AbortSignal
  readonly onState: (state: 'rebalancing' | 'lost' | 'fenced') => void
}

/**
 * Heartbeats of one generation, until the signal or until the membership is gone. They go on while the group rebalances: what is left to commit before
 * the rejoin may take a while. Without an answer for a whole session the membership counts as lost.
 */
export async function beat(options: HeartbeatOptions): Promise<void> {
  const { timing, signal, heartbeatMs, sessionTimeoutMs, onState, log, identity } = options
  let heardAt = timing.now()
  for (;;) {
    await timing.sleep(heartbeatMs, signal)
    if (signal.aborted) return
    const error = await beatOnce(options)
    if (signal.aborted) return
    if (error === null || resendOf(error) !== undefined) {
      if (timing.now() - heardAt < sessionTimeoutMs) continue
      log.warn('No heartbeat was answered for a whole session', { group: identity.groupId })
      return onState('lost')
    }
    heardAt = timing.now()
    if (error === wireError.none) continue
    if (error === wireError.rebalanceInProgress) onState('rebalancing')
    else return onState(error === wireError.fencedInstance ? 'fenced' : 'lost')
  }
}

/** The broker's error number, or null for no answer. */
async function beatOnce({ channel, routes, identity, log }: HeartbeatOptions): Promise<number | null> {
  const { groupId } = identity
  try {
    const { error } = await channel.heartbeat(await routes.coordinator('group', groupId), identity)
    if (resendOf(error) === 'coordinator') routes.forgetCoordinator('group', groupId)
    return error
  } catch (error) {
    if (!(error instanceof StreamJobError)) throw error
    routes.forgetCoordinator('group', groupId)
    log.debug('A heartbeat got no answer', { group: groupId, error: error.message })
    return null
  }
}
