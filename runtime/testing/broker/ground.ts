/** What all parts of a virtual cluster stand on. */
import type { Random } from '../time/random.ts'
import type { Scheduler } from '../time/scheduler.ts'
import type { BrokerSettings } from './settings.ts'

export interface Ground {
  readonly scheduler: Scheduler
  /** Epoch ms: what brokers write on records and reckon retention by. Whole numbers. */
  readonly clock: () => number
  readonly random: Random
  readonly settings: BrokerSettings
}

/** 32 hex digits. */
export function randomId({ random }: Ground): string {
  return Array.from({ length: 4 }, () => random.below(0x1_0000_0000).toString(16).padStart(8, '0')).join('')
}

export function drawn({ random }: Ground, [from, to]: readonly [number, number]): number {
  return random.between(from, to)
}
