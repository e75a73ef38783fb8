/** What sessions must come out as, computed the plain way: per key a list of sessions with all their records. Shares nothing with the runtime. */
import type { OracleRecord } from './window-oracle.ts'

export interface OracleSessions {
  readonly gap: number
  readonly lateness: number
}

export interface SessionResult {
  readonly key: string
  readonly windowStart: number
  readonly windowEnd: number
  /** In order of event time, and of arrival where that is the same. */
  readonly amounts: readonly (number | null)[]
}

interface OpenSession {
  readonly key: string
  readonly records: readonly OracleRecord[]
  readonly start: number
  readonly end: number
}

/** Results in the order of the sessions' ends; and which records were late, by index. `flush`: the input has ended, every session closes. */
export function sessionOracle(
  records: readonly OracleRecord[],
  { gap, lateness }: OracleSessions,
  bound: number,
  flush: boolean,
): { readonly results: readonly SessionResult[]; readonly late: readonly number[] } {
  let open: readonly OpenSession[] = []
  const results: SessionResult[] = []
  const late: number[] = []
  let watermark = -Infinity
  const isOver = ({ end }: OpenSession): boolean => watermark >= end - 1 + lateness
  const close = (): void => {
    for (const over of open.filter(isOver).toSorted((a, b) => a.end - b.end)) {
      const inOrder = over.records.toSorted((a, b) => a.timestamp - b.timestamp)
      results.push({ key: over.key, windowStart: over.start, windowEnd: over.end, amounts: inOrder.map(({ amount }) => amount) })
    }
    open = open.filter((session) => !isOver(session))
  }
  for (const [index, record] of records.entries()) {
    const alone: OpenSession = { key: record.key, records: [record], start: record.timestamp, end: record.timestamp + gap }
    const touched = open.filter(({ key, start, end }) => key === record.key && start <= alone.end && end >= alone.start)
    const all = [...touched, alone]
    const merged: OpenSession = {
      key: record.key,
      records: all.flatMap((one) => one.records),
      start: Math.min(...all.map(({ start }) => start)),
      end: Math.max(...all.map(({ end }) => end)),
    }
    if (isOver(merged)) late.push(index)
    else open = [...open.filter((session) => !touched.includes(session)), merged]
    watermark = Math.max(watermark, record.timestamp - bound - 1)
    close()
  }
  if (flush) watermark = Infinity
  close()
  return { results, late }
}
