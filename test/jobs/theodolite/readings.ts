/** What power meters report, the same for the same seed: every meter in turn, out of order by a bounded time. */
import { randomOf } from '../../support/orders.ts'

export interface Reading {
  readonly identifier: string
  /** Epoch ms. */
  readonly timestamp: number
  readonly valueInW: number
}

export interface ReadingsOptions {
  readonly count: number
  readonly sensors: number
  /** Between two readings, whosever they are. */
  readonly everyMs: number
  /** How much older than the newest reading a reading may be. */
  readonly disorderMs: number
  readonly seed?: number
}

/** In the order in which they are sent. */
export function readingsOf({ count, sensors, everyMs, disorderMs, seed = 1 }: ReadingsOptions): readonly Reading[] {
  const random = randomOf(seed)
  return Array.from({ length: count }, (_, i) => ({
    identifier: `sensor-${i % sensors}`,
    timestamp: start + i * everyMs + disorderMs - Math.floor(random() * (disorderMs + 1)),
    // Quarters, so that sums are exact in any order.
    valueInW: Math.floor(random() * 4_000) / 4,
  }))
}

const start = 1_763_800_000_000
