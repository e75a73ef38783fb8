/**
 * What sessions that fire more than once must give, computed the plain way: a list of open sessions with all their records, all of it looked at after each
 * record. Shares nothing with the runtime.
 */
import type { OracleEmission, OracleFiring } from './emission-oracle.ts'
import type { OracleSessions } from './session-oracle.ts'
import type { OracleRecord } from './window-oracle.ts'

interface OpenSession {
  readonly key: string
  readonly records: readonly OracleRecord[]
  readonly start: number
  readonly end: number
  changed: boolean
  /** It is yet to fire on time, as it is. */
  waits: boolean
}

/** Every firing of every key, in order, and which records were late, by index. `flush`: the input ends. */
export function sessionEmissionOracle(
  records: readonly OracleRecord[],
  { gap, lateness }: OracleSessions,
  emission: OracleEmission,
  bound: number,
  flush: boolean,
): { readonly firings: readonly OracleFiring[]; readonly late: readonly number[] } {
  let open: readonly OpenSession[] = []
  const firings: OracleFiring[] = []
  const late: number[] = []
  let watermark = -Infinity
  let reached = -Infinity
  const isOver = ({ end }: OpenSession): boolean => watermark >= end - 1
  const isShut = ({ end }: OpenSession): boolean => watermark >= end - 1 + lateness
  const byEnd = (): readonly OpenSession[] => open.toSorted((a, b) => a.end - b.end)
  const fire = (session: OpenSession, firing: string): void => {
    session.changed = false
    if (firing !== 'early') session.waits = false
    const amounts = session.records.map(({ amount }) => amount).filter((amount) => amount !== null)
    const total = amounts.length === 0 ? null : amounts.reduce((sum, amount) => sum + amount, 0)
    firings.push({ key: session.key, windowStart: session.start, windowEnd: session.end, firing, n: session.records.length, total, amounts })
  }
  const advance = (to: number): void => {
    watermark = to
    if (emission.then === 'updates') for (const session of byEnd()) if (session.waits && isOver(session)) fire(session, 'on-time')
    if (emission.then === 'final') for (const session of byEnd()) if (isShut(session)) fire(session, 'final')
    open = open.filter((session) => !isShut(session))
    if (emission.early === null || !Number.isFinite(watermark)) return
    const multiple = Math.floor(watermark / emission.early) * emission.early
    if (reached !== -Infinity && multiple > reached) {
      for (const session of open.toSorted((a, b) => a.start - b.start)) if (session.changed && session.start < multiple) fire(session, 'early')
    }
    reached = Math.max(reached, multiple)
  }
  for (const [index, record] of records.entries()) {
    const alone = { start: record.timestamp, end: record.timestamp + gap, records: [record] }
    const touched = open.filter(({ key, start, end }) => key === record.key && start <= alone.end && end >= alone.start)
    const all = [...touched, alone]
    const merged: OpenSession = {
      key: record.key,
      records: all.flatMap((one) => one.records),
      start: Math.min(...all.map(({ start }) => start)),
      end: Math.max(...all.map(({ end }) => end)),
      changed: true,
      waits: true,
    }
    if (isShut(merged)) late.push(index)
    else {
      open = [...open.filter((session) => !touched.includes(session)), merged]
      if (emission.then === 'updates' && isOver(merged)) fire(merged, 'late')
    }
    if (record.timestamp - bound - 1 > watermark) advance(record.timestamp - bound - 1)
  }
  if (flush) advance(Infinity)
  return { firings, late }
}
