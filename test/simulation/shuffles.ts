/**
 * The jobs of several stages that are simulated: records go to other tasks by another key, and watermarks with them. Each has models of its tasks, which take
 * records and watermarks as they come, and one of the whole, which knows nothing of tasks and time.
 */
import { count, kafka, max, sliding, stream, sum, tumbling } from '../../runtime/index.ts'
import type { SimulatedJob } from '../../runtime/testing/simulation/job.ts'
import { input, last, schema } from './input.ts'
import { taskModel } from './stage-models.ts'
import type { Sending, StageModel, Windowing } from './stage-models.ts'
import { wholeOf } from './whole-model.ts'

/** What stages send to each other in these jobs; `from` tells records apart. */
interface Colour {
  readonly c: string
  readonly n: number
  readonly from: string
}

interface Grouped {
  readonly g: number
  readonly n: number
  readonly total: number
  readonly from: string
}

function colourOf(n: number): string {
  return ['red', 'green', 'blue', 'white', 'black'][n % 5]!
}

/** A number: keys need not be text. */
function groupOf(key: string): number {
  return Number(/\d+$/.exec(key)?.[0] ?? 0) % 7
}

/** The first stage keeps nothing. */
const byAnotherField = modelled(
  {
    name: 'windows by another field',
    plan: ({ source, sink }, spend) =>
      stream
        .from(kafka({ topic: source, key: 'k', schema }))
        .eventTime('at', { outOfOrderness: '300ms' })
        .filter(({ n }) => {
          if (n % 100 === 1) spend(50)
          return n % 7 !== 0
        })
        .map(({ n }, { partition, offset }): Colour => ({ c: colourOf(n), n, from: `${partition}@${offset}` }))
        .keyBy('c', { name: 'by-colour' })
        .window(tumbling('1s', { lateness: '100ms' }))
        .aggregate('w', { n: count(), total: sum('n'), high: max('n') })
        .to(kafka({ topic: sink })),
  },
  [
    coloured(300, ({ n }) => n % 7 !== 0),
    {
      kind: 'windowing',
      size: 1_000,
      slide: 1_000,
      lateness: 100,
      result: (values: readonly Colour[]) => ({ n: values.length, total: totalOf(values, 'n'), high: Math.max(...values.map(({ n }) => n)) }),
    },
  ],
)

/** All partitions but one have nothing to send, ever: only their watermarks go on. So the order of what comes out is known too. */
const quietPartitions = modelled(
  {
    name: 'quiet partitions',
    plan: ({ source, sink }) =>
      stream
        .from(kafka({ topic: source, key: 'k', schema }))
        .eventTime('at', { outOfOrderness: '500ms' })
        .filter((_, { partition }) => partition === 0)
        .map(({ n }, { partition, offset }): Colour => ({ c: colourOf(n), n, from: `${partition}@${offset}` }))
        .keyBy('c', { name: 'by-colour' })
        .window(tumbling('500ms'))
        .reduce('r', (a, b) => ({ c: a.c, n: a.n + b.n, from: `${a.from} ${b.from}` }))
        .to(kafka({ topic: sink })),
  },
  [
    coloured(500, (_, partition) => partition === 0),
    {
      kind: 'windowing',
      size: 500,
      slide: 500,
      lateness: 0,
      result: (values: readonly Colour[]) => ({
        value: { c: values[0]!.c, n: totalOf(values, 'n'), from: values.map(({ from }) => from).join(' ') },
      }),
    },
  ],
)

const windowsOfWindows = modelled(
  {
    name: 'windows of windows',
    // A record that nobody waited for may count in some of its sliding windows only: then what comes out in the end is nothing that the input decides.
    processing: { idleTimeoutMs: 365 * 86_400_000 },
    plan: ({ source, sink }, spend) =>
      stream
        .from(kafka({ topic: source, key: 'k', schema }))
        .eventTime('at', { outOfOrderness: '200ms' })
        .keyBy('k')
        .window(tumbling('500ms', { lateness: '200ms' }))
        .aggregate('first', { n: count(), total: sum('n') })
        .map(({ key, windowEnd, n, total }): Grouped => {
          if (total % 50 === 1) spend(20)
          return { g: groupOf(key), n, total, from: `${key}@${windowEnd}` }
        })
        .keyBy('g', { name: 'by-group' })
        .window(sliding('2s', '1s'))
        .aggregate('second', { keys: count(), n: sum('n'), total: sum('total') })
        .to(kafka({ topic: sink })),
  },
  [counted({ bound: 200, size: 500, lateness: 200 }), { kind: 'windowing', size: 2_000, slide: 1_000, lateness: 0, keyOf: Number, result: summed }],
)

const threeStages = modelled(
  {
    name: 'three stages',
    plan: ({ source, sink }) =>
      stream
        .from(kafka({ topic: source, key: 'k', schema }))
        .eventTime('at', { outOfOrderness: '200ms' })
        .keyBy('k')
        .window(tumbling('500ms'))
        .aggregate('first', { n: count(), total: sum('n') })
        .map(({ key, windowEnd, n, total }): Grouped => ({ g: groupOf(key), n, total, from: `${key}@${windowEnd}` }))
        .keyBy('g', { name: 'by-group' })
        .window(tumbling('1s', { lateness: '300ms' }))
        .aggregate('second', { keys: count(), n: sum('n'), total: sum('total') })
        .map(({ key, windowEnd, n, total }) => ({ odd: key % 2 === 1, n, total, from: `${key}@${windowEnd}` }))
        .keyBy('odd', { name: 'by-oddness' })
        .window(tumbling('2s'))
        .aggregate('third', { keys: count(), n: sum('n'), total: sum('total') })
        .to(kafka({ topic: sink })),
  },
  [
    counted({ bound: 200, size: 500, lateness: 0 }),
    {
      kind: 'windowing',
      size: 1_000,
      slide: 1_000,
      lateness: 300,
      keyOf: Number,
      result: summed,
      next: (key, { windowEnd, n, total }) => {
        const odd = Number(key) % 2 === 1
        return { key: String(odd), value: { odd, n, total, from: `${key}@${windowEnd}` } }
      },
    },
    { kind: 'windowing', size: 2_000, slide: 2_000, lateness: 0, keyOf: (text) => text === 'true', result: summed },
  ],
)

export const shuffles: readonly SimulatedJob[] = [byAnotherField, windowsOfWindows, quietPartitions, threeStages]

function modelled(job: Pick<SimulatedJob, 'name' | 'plan' | 'processing'>, stages: readonly StageModel[]): SimulatedJob {
  return {
    ...job,
    input,
    last,
    model: (stage) => taskModel(stages[stage]!),
    whole: (records, late) => wholeOf(stages, records, late),
  }
}

function coloured(bound: number, keeps: (value: { readonly n: number }, partition: number) => boolean): Sending {
  return {
    kind: 'sending',
    bound,
    sent: (value, { partition, offset }) => {
      const c = colourOf(value.n)
      return keeps(value, partition) ? { key: c, value: { c, n: value.n, from: `${partition}@${offset}` } satisfies Colour } : null
    },
  }
}

function counted({ bound, size, lateness }: { readonly bound: number; readonly size: number; readonly lateness: number }): Windowing<{ n: number }> {
  return {
    kind: 'windowing',
    bound,
    size,
    slide: size,
    lateness,
    result: (values) => ({ n: values.length, total: totalOf(values, 'n') }),
    next: (key, { windowEnd, n, total }) => {
      const g = groupOf(key)
      return { key: String(g), value: { g, n, total, from: `${key}@${windowEnd}` } }
    },
  }
}

function summed(values: readonly Grouped[]): object {
  return { keys: values.length, n: totalOf(values, 'n'), total: totalOf(values, 'total') }
}

function totalOf<F extends string>(values: readonly Readonly<Record<F, number>>[], field: F): number {
  return values.reduce((total, value) => total + value[field], 0)
}
