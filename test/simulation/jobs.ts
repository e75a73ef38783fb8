/** The jobs that are simulated, each with a plain model that shares nothing with the runtime. */
import { count, kafka, max, min, sliding, stream, sum, t, tumbling } from '../../runtime/index.ts'
import type { InputRecord, SimulatedJob, TaskModel } from '../../runtime/testing/simulation/job.ts'
import type { Random } from '../../runtime/testing/time/random.ts'
import { WindowModel } from './window-model.ts'

const schema = t.object({ k: t.string, n: t.integer, at: t.timestamp })
type Value = { readonly k: string; readonly n: number; readonly at: number }

const keys = Array.from({ length: 24 }, (_, i) => `key-${i}`)

/** Some records are no JSON, some have a key that is not theirs, some are late, and some far ahead, so that many windows close at once. */
function input(random: Random, now: number): InputRecord {
  const key = random.pick(keys)
  const odd = random.next()
  const at = Math.floor(now) - (odd < 0.03 ? 20_000 : odd < 0.08 ? -3_000 : random.below(800))
  const n = random.below(1_000)
  const value = JSON.stringify({ k: random.chance(0.02) ? 'other' : key, n, at } satisfies Value)
  return { key, value: random.chance(0.02) ? value.slice(1) : value, timestamp: at }
}

function last(key: string, now: number): InputRecord {
  const at = Math.floor(now) + 3_600_000
  return { key, value: JSON.stringify({ k: key, n: 1, at } satisfies Value), timestamp: at }
}

/** Null: the record is a dead letter. */
function valueOf({ value }: InputRecord): Value | null {
  try {
    return JSON.parse(value) as Value
  } catch {
    return null
  }
}

const perRecord: SimulatedJob = {
  name: 'one result per record',
  plan: ({ source, sink }, spend) =>
    stream
      .from(kafka({ topic: source, key: 'k', schema }))
      .filter(({ n }) => n % 7 !== 0)
      .map(({ k, n }, record) => {
        if (n % 101 === 100) throw new Error('no hundreds')
        if (n % 50 === 1) spend(20)
        return { k, n, offset: record.offset }
      })
      .to(kafka({ topic: sink })),
  input,
  last,
  model: () => {
    let offset = -1
    return {
      advance(record) {
        offset = record.offset
        const value = valueOf(record)
        if (value === null || (value.n % 7 !== 0 && value.n % 101 === 100)) return [{ to: 'dead-letter', key: record.key, value: record.value }]
        if (value.n % 7 === 0) return []
        return [{ to: 'sink', key: record.key, value: JSON.stringify({ k: value.k, n: value.n, offset }) }]
      },
    }
  },
}

const tumblingAggregates: SimulatedJob = {
  name: 'tumbling aggregates',
  plan: ({ source, sink }, spend) =>
    stream
      .from(kafka({ topic: source, key: 'k', schema }))
      .eventTime('at', { outOfOrderness: '200ms' })
      .filter(({ n }) => {
        if (n % 100 === 1) spend(50)
        return n % 7 !== 0
      })
      .keyBy('k')
      .window(tumbling('1s', { lateness: '100ms' }))
      .aggregate('w', { n: count(), total: sum('n'), low: min('n'), high: max('n') })
      .to(kafka({ topic: sink })),
  input,
  last,
  model: () =>
    windowed(
      new WindowModel({ size: 1_000, slide: 1_000, lateness: 100, bound: 200 }),
      (n) => n % 7 !== 0,
      (key, start, numbers) => ({
        key,
        windowStart: start,
        windowEnd: start + 1_000,
        n: numbers.length,
        total: numbers.reduce((a, b) => a + b, 0),
        low: Math.min(...numbers),
        high: Math.max(...numbers),
      }),
    ),
}

const slidingReduce: SimulatedJob = {
  name: 'sliding reduce',
  plan: ({ source, sink }) =>
    stream
      .from(kafka({ topic: source, key: 'k', schema }))
      .eventTime('at', { outOfOrderness: '500ms' })
      .keyBy('k')
      .window(sliding('2s', '500ms'))
      .reduce('r', (a, b) => ({ k: a.k, n: a.n * 3 + b.n, at: Math.max(a.at, b.at) }))
      .to(kafka({ topic: sink })),
  input,
  last,
  model: () =>
    windowed(
      new WindowModel({ size: 2_000, slide: 500, lateness: 0, bound: 500 }),
      () => true,
      (key, start, numbers, ats) => ({
        key,
        windowStart: start,
        windowEnd: start + 2_000,
        value: { k: key, n: numbers.reduce((a, b) => a * 3 + b), at: Math.max(...ats) },
      }),
    ),
}

function windowed(
  windows: WindowModel,
  keeps: (n: number) => boolean,
  resultOf: (key: string, start: number, numbers: readonly number[], ats: readonly number[]) => object,
): TaskModel {
  return {
    advance(record) {
      const value = valueOf(record)
      // Whether the key is the declared one is asked where records are grouped.
      if (value === null || (keeps(value.n) && value.k !== record.key)) return [{ to: 'dead-letter', key: record.key, value: record.value }]
      const { late, closed } = windows.advance(record.key, value.at, value.n, keeps(value.n))
      const results = closed.map(({ key, start, numbers, ats }) => ({
        to: 'sink' as const,
        key,
        value: JSON.stringify(resultOf(key, start, numbers, ats)),
      }))
      return [...(late ? [{ to: 'late' as const, key: record.key, value: JSON.stringify(value) }] : []), ...results]
    },
  }
}

export const jobs: readonly SimulatedJob[] = [perRecord, tumblingAggregates, slidingReduce]
