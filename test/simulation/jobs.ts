/** The jobs of one stage that are simulated, each with a plain model that shares nothing with the runtime. */
import { count, job, kafka, max, min, otherwise, sliding, stream, sum, tumbling } from '../../runtime/index.ts'
import type { SimulatedJob, TaskModel } from '../../runtime/testing/simulation/job.ts'
import { input, last, PlainTime, schema, valueOf } from './input.ts'
import type { Value } from './input.ts'
import { WindowModel } from './window-model.ts'

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
      new WindowModel({ size: 1_000, slide: 1_000, lateness: 100 }),
      200,
      (n) => n % 7 !== 0,
      (key, start, values) => ({
        key,
        windowStart: start,
        windowEnd: start + 1_000,
        n: values.length,
        total: values.reduce((total, { n }) => total + n, 0),
        low: Math.min(...values.map(({ n }) => n)),
        high: Math.max(...values.map(({ n }) => n)),
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
      new WindowModel({ size: 2_000, slide: 500, lateness: 0 }),
      500,
      () => true,
      (key, start, values) => ({
        key,
        windowStart: start,
        windowEnd: start + 2_000,
        value: { k: key, n: values.map(({ n }) => n).reduce((a, b) => a * 3 + b), at: Math.max(...values.map(({ at }) => at)) },
      }),
    ),
}

/** A copy of some, windows of all and windows of the others, of which each knows nothing of the rest; but a record that can't be copied counts nowhere. */
const severalOutputs: SimulatedJob = {
  name: 'several outputs',
  plan: ({ source, sink }, spend) => {
    const timed = stream.from(kafka({ topic: source, key: 'k', schema })).eventTime('at', { outOfOrderness: '200ms' })
    const { copied, others } = timed.split({ copied: ({ n }) => n % 3 === 0, others: otherwise })
    const copies = copied.map(({ k, n }, { offset }) => {
      if (n % 101 === 99) throw new Error('no copy of that')
      if (n % 50 === 1) spend(20)
      return { k, n, offset }
    })
    const to = kafka({ topic: sink })
    return job(
      timed
        .keyBy('k')
        .window(tumbling('1s', { lateness: '100ms' }))
        .aggregate('all', { n: count(), total: sum('n') })
        .to(to),
      copies.to(to),
      others
        .keyBy('k')
        .window(sliding('1s', '500ms'))
        .aggregate('others', { high: max('n') })
        .to(to),
    )
  },
  input,
  last,
  model: () => {
    const time = new PlainTime(200)
    const all = new WindowModel<number>({ size: 1_000, slide: 1_000, lateness: 100 })
    const others = new WindowModel<number>({ size: 1_000, slide: 500, lateness: 0 })
    return {
      advance(record) {
        const { key, offset } = record
        const value = valueOf(record)
        const copied = value !== null && value.n % 3 === 0
        if (value === null || value.k !== key || (copied && value.n % 101 === 99)) return [{ to: 'dead-letter', key, value: record.value }]
        const { n, at } = value
        const late = [all.put(key, at, n), !copied && others.put(key, at, n)].filter((is) => is)
        time.accept(at)
        const results = [
          ...(copied ? [{ key, value: { k: key, n, offset } }] : []),
          ...all.rise(time.watermark).map(({ key: k, start, items }) => {
            const total = items.reduce((sofar, one) => sofar + one, 0)
            return { key: k, value: { key: k, windowStart: start, windowEnd: start + 1_000, n: items.length, total } }
          }),
          ...others.rise(time.watermark).map(({ key: k, start, items }) => {
            return { key: k, value: { key: k, windowStart: start, windowEnd: start + 1_000, high: Math.max(...items) } }
          }),
        ]
        return [
          ...late.map(() => ({ to: 'late' as const, key, value: JSON.stringify(value) })),
          ...results.map((result) => ({ to: 'sink' as const, key: result.key, value: JSON.stringify(result.value) })),
        ]
      },
    }
  },
}

function windowed(
  windows: WindowModel<Value>,
  bound: number,
  keeps: (n: number) => boolean,
  resultOf: (key: string, start: number, values: readonly Value[]) => object,
): TaskModel {
  const time = new PlainTime(bound)
  return {
    advance(record) {
      const value = valueOf(record)
      // Whether the key is the declared one is asked where records are grouped.
      if (value === null || (keeps(value.n) && value.k !== record.key)) return [{ to: 'dead-letter', key: record.key, value: record.value }]
      const late = keeps(value.n) && windows.put(record.key, value.at, value)
      // A record that a filter drops moves the time too.
      time.accept(value.at)
      const results = windows
        .rise(time.watermark)
        .map(({ key, start, items }) => ({ to: 'sink' as const, key, value: JSON.stringify(resultOf(key, start, items)) }))
      return [...(late ? [{ to: 'late' as const, key: record.key, value: JSON.stringify(value) }] : []), ...results]
    },
  }
}

export const jobs: readonly SimulatedJob[] = [perRecord, tumblingAggregates, slidingReduce, severalOutputs]
