import type { Condition } from '../../../crds/conditions.ts'
import { conditionTable } from '../../../crds/conditions.ts'
import type { Outcome } from '../../../crds/reasons.ts'
import { reasonTable } from '../../../crds/reasons.ts'

/**
 * When to look again, from what the conditions say: soon while something goes on by itself, more and more slowly while something fails, and about once
 * a minute when all is settled, for what nobody tells us about (topics, brokers). `random` is in [0, 1).
 */
export function requeueAfterMs(conditions: readonly Condition[], now: number, random: number): number {
  const pauses = conditions.filter(counts).map((condition) => pauseMs(condition, now))
  return Math.round(Math.min(settledMs, ...pauses) * (1 + 0.2 * random))
}

const settledMs = 60_000

function counts({ type, reason }: Condition): boolean {
  // Ready repeats another one; measurements have their own clock.
  return type !== 'Ready' && reason !== 'NotMeasured' && Object.hasOwn(reasonTable, reason) && type in conditionTable
}

function pauseMs(condition: Condition, now: number): number {
  // `counts` let only known reasons through.
  const outcome: Outcome = reasonTable[condition.reason as keyof typeof reasonTable].outcome
  const sinceMs = Math.max(0, now - Date.parse(condition.lastTransitionTime))
  switch (outcome) {
    case 'settled':
    case 'stalled':
      return settledMs
    case 'waiting':
      return Math.min(settledMs, Math.max(2_000, sinceMs / 8))
    case 'failing':
      return Math.min(settledMs, Math.max(2_000, sinceMs / 4))
  }
}
