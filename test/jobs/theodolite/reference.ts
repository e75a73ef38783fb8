/** What the use cases must give, over the whole list of readings, as plain as can be. No reading may be late. */
import type { Row } from '../../support/whole-job/trial.ts'
import type { Reading } from './readings.ts'

const minute = 60_000
const day = 86_400_000

export function stored(readings: readonly Reading[]): readonly Row[] {
  return readings.map(({ identifier, timestamp, valueInW }) => {
    return [identifier, { sensor: identifier, at: new Date(timestamp).toISOString(), kilowatt: valueInW / 1_000 }, timestamp]
  })
}

/** The same as steps have it: times are numbers. */
export function storedAsNumbers(readings: readonly Reading[]): readonly Row[] {
  return readings.map(({ identifier, timestamp, valueInW }) => [
    identifier,
    { sensor: identifier, at: timestamp, kilowatt: valueInW / 1_000 },
    timestamp,
  ])
}

export function summaries(readings: readonly Reading[]): readonly Row[] {
  const windows = Map.groupBy(readings, ({ identifier, timestamp }) => `${identifier} ${Math.floor(timestamp / minute)}`)
  const rows = [...windows.values()].map((inside): Row => {
    const windowStart = Math.floor(inside[0]!.timestamp / minute) * minute
    const values = inside.map(({ valueInW }) => valueInW)
    const sum = values.reduce((a, b) => a + b)
    const summary = { count: values.length, sum, min: Math.min(...values), max: Math.max(...values), mean: sum / values.length }
    const windowEnd = windowStart + minute
    return [inside[0]!.identifier, { key: inside[0]!.identifier, windowStart, windowEnd, ...summary }, windowEnd - 1]
  })
  return rows.toSorted(([, , a], [, , b]) => a - b)
}

export function hoursOfDay(readings: readonly Reading[]): readonly Row[] {
  const slotOf = ({ identifier, timestamp }: Reading): string => `${identifier} at ${Math.floor(timestamp / 3_600_000) % 24}`
  const days = readings.map(({ timestamp }) => Math.floor(timestamp / day))
  const rows: Row[] = []
  for (let first = Math.min(...days) - 2; first <= Math.max(...days); first++) {
    const [windowStart, windowEnd] = [first * day, (first + 3) * day]
    const inside = readings.filter(({ timestamp }) => timestamp >= windowStart && timestamp < windowEnd)
    for (const [slot, some] of Map.groupBy(inside, slotOf)) {
      const mean = some.reduce((sum, { valueInW }) => sum + valueInW, 0) / some.length
      rows.push([slot, { key: slot, windowStart, windowEnd, count: some.length, mean }, windowEnd - 1])
    }
  }
  return rows
}
