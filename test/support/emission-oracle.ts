/**
 * What windows that fire more than once must give, computed the plain way: every record of every window in one map, all of it looked at after each record.
 * Shares nothing with the runtime.
 */
import type { OracleRecord, OracleWindow } from './window-oracle.ts'

export interface OracleEmission {
  readonly then: 'final' | 'updates'
  readonly early: number | null
}

export interface OracleFiring {
  readonly key: string
  readonly windowStart: number
  readonly windowEnd: number
  readonly firing: string
  readonly n: number
  readonly total: number | null
  /** In the order of arrival. */
  readonly amounts: readonly number[]
}

interface Pane {
  readonly amounts: number[]
  records: number
  changed: boolean
}

/** Every firing of every key, in order; of one moment in the order of the windows, and in no order of keys that means anything. The input ends. */
export function emissionOracle(
  records: readonly OracleRecord[],
  window: OracleWindow,
  emission: OracleEmission,
  bound: number,
): readonly OracleFiring[] {
  const open = new Map<number, Map<string, Pane>>()
  const onTime = new Set<number>()
  const firings: OracleFiring[] = []
  let watermark = -Infinity
  let reached = -Infinity
  const endOf = (start: number): number => start + window.size
  const inOrder = (): readonly number[] => [...open.keys()].toSorted((a, b) => a - b)
  const fire = (start: number, key: string, firing: string): void => {
    const pane = open.get(start)!.get(key)!
    pane.changed = false
    const total = pane.amounts.length === 0 ? null : pane.amounts.reduce((sum, amount) => sum + amount, 0)
    firings.push({ key, windowStart: start, windowEnd: endOf(start), firing, n: pane.records, total, amounts: [...pane.amounts] })
  }
  const advance = (to: number): void => {
    watermark = to
    for (const start of inOrder()) {
      const isOver = watermark >= endOf(start) - 1
      if (emission.then === 'updates' && isOver && !onTime.has(start)) {
        onTime.add(start)
        for (const key of open.get(start)!.keys()) fire(start, key, 'on-time')
      }
      if (watermark < endOf(start) - 1 + window.lateness) continue
      if (emission.then === 'final') for (const key of open.get(start)!.keys()) fire(start, key, 'final')
      open.delete(start)
    }
    if (emission.early === null || !Number.isFinite(watermark)) return
    const multiple = Math.floor(watermark / emission.early) * emission.early
    if (reached !== -Infinity && multiple > reached) {
      for (const start of inOrder()) {
        if (start >= multiple || (emission.then === 'updates' && watermark >= endOf(start) - 1)) continue
        for (const [key, { changed }] of open.get(start)!) if (changed) fire(start, key, 'early')
      }
    }
    reached = Math.max(reached, multiple)
  }
  for (const { key, timestamp, amount } of records) {
    const starts: number[] = []
    for (let start = window.offset - 50 * window.slide; start <= timestamp; start += window.slide) {
      if (start + window.size > timestamp && watermark < endOf(start) - 1 + window.lateness) starts.push(start)
    }
    for (const start of starts) {
      const keys = open.get(start) ?? new Map<string, Pane>()
      const pane = keys.get(key) ?? { amounts: [], records: 0, changed: true }
      open.set(start, keys.set(key, pane))
      pane.records++
      pane.changed = true
      if (amount !== null) pane.amounts.push(amount)
    }
    for (const start of starts) {
      if (emission.then !== 'updates' || watermark < endOf(start) - 1) continue
      // A window that opens behind its end has nothing to fire on time.
      onTime.add(start)
      fire(start, key, 'late')
    }
    if (timestamp - bound - 1 > watermark) advance(timestamp - bound - 1)
  }
  advance(Infinity)
  return firings
}
