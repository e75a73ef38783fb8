/** The input of the jobs that are simulated. */
import { t } from '../../runtime/index.ts'
import type { InputRecord } from '../../runtime/testing/simulation/job.ts'
import type { Random } from '../../runtime/testing/time/random.ts'

export const schema = t.object({ k: t.string, n: t.integer, at: t.timestamp })
export type Value = { readonly k: string; readonly n: number; readonly at: number }

const keys = Array.from({ length: 24 }, (_, i) => `key-${i}`)

/** Some records are no JSON, some have a key that is not theirs, some are late, and some far ahead, so that many windows close at once. */
export function input(random: Random, now: number): InputRecord {
  const key = random.pick(keys)
  const odd = random.next()
  const at = Math.floor(now) - (odd < 0.03 ? 20_000 : odd < 0.08 ? -3_000 : random.below(800))
  const n = random.below(1_000)
  const value = JSON.stringify({ k: random.chance(0.02) ? 'other' : key, n, at } satisfies Value)
  return { key, value: random.chance(0.02) ? value.slice(1) : value, timestamp: at }
}

/** An hour ahead: every window closes by it but its own. */
export function last(key: string, now: number): InputRecord {
  const at = Math.floor(now) + 3_600_000
  return { key, value: JSON.stringify({ k: key, n: 1, at } satisfies Value), timestamp: at }
}

/** Null: the record is a dead letter. */
export function valueOf({ value }: InputRecord): Value | null {
  try {
    return JSON.parse(value) as Value
  } catch {
    return null
  }
}

/** The watermark of a task that reads these records. */
export class PlainTime {
  watermark = -Infinity
  readonly #bound: number

  /** `bound`: of the disorder. */
  constructor(bound: number) {
    this.#bound = bound
  }

  accept(at: number): void {
    this.watermark = Math.max(this.watermark, at - this.#bound - 1)
  }
}
