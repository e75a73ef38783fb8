import test from 'ava'
import fc from 'fast-check'
import { kafka, state, stream, t as types } from '../../../runtime/index.ts'
import { stagesOf } from '../../../runtime/plan/structure/stages.ts'
import { interrupt, interruptions } from '../../support/interruptions.ts'
import { StageRun } from '../../support/stage-run.ts'

/** What a record does to the state of its key. All fields are numbers, so that a record is easy to write. */
interface Move {
  readonly k: string
  readonly at: number
  readonly do: 'set' | 'clear' | 'add' | 'empty' | 'put' | 'delete' | 'wipe' | 'timer' | 'untimer' | 'nothing'
  readonly n: number
  readonly fails: boolean
}

const ttlMs = 25
const disorder = 5
const Input = types.object({ k: types.string, at: types.timestamp, do: types.string, n: types.integer, fails: types.boolean })

/** Everything there is, on every record and every timer. */
const plan = stream
  .from(kafka({ topic: 'input', key: 'k', schema: Input }))
  .eventTime('at', { outOfOrderness: '5ms' })
  .keyBy('k')
  .process('p', {
    state: {
      last: state.value(types.integer, { ttl: '25ms' }),
      all: state.list(types.integer, { ttl: '25ms' }),
      by: state.map(types.integer, types.integer, { ttl: '25ms' }),
    },
    onRecord(record, { state: { last, all, by }, timers, emit, timestamp }) {
      const { n } = record
      if (record.do === 'set') last.set(n)
      if (record.do === 'clear') last.clear()
      if (record.do === 'add') all.add(n, n + 1)
      if (record.do === 'empty') all.set([n])
      if (record.do === 'put') by.set(n % 4, n)
      if (record.do === 'delete') by.delete(n % 4)
      if (record.do === 'wipe') by.clear()
      if (record.do === 'timer') timers.set(timestamp + n)
      if (record.do === 'untimer') timers.delete(timestamp + n)
      if (record.fails) throw new Error('fails')
      emit({ last: last.get(), all: all.get(), by: by.entries().toSorted(([a], [b]) => a - b) })
    },
    onTimer(timestamp, { state: { last, all, by }, timers, emit }) {
      all.add(-timestamp)
      by.set(9, timestamp)
      if (timestamp % 3 === 0) timers.set(timestamp + 7)
      emit({ timer: timestamp, last: last.get(), all: all.get(), by: by.entries().toSorted(([a], [b]) => a - b) })
    },
  })
  .to(kafka({ topic: 'output' }))

interface Living {
  readonly value: number
  readonly written: number
}

/** The same with plain maps, all of them looked at at every step. */
function model(moves: readonly Move[]): { readonly told: ReadonlyMap<string, readonly unknown[]>; readonly failed: readonly number[] } {
  const told = new Map<string, unknown[]>()
  const failed: number[] = []
  let states = new Map<string, { last: Living | null; all: Living[]; by: Map<number, Living>; timers: Set<number> }>()
  let watermark = -Infinity
  const of = (key: string): NonNullable<ReturnType<(typeof states)['get']>> => {
    if (!states.has(key)) states.set(key, { last: null, all: [], by: new Map(), timers: new Set() })
    return states.get(key)!
  }
  const tell = (key: string, now: number, more: object): void => {
    const { last, all, by } = of(key)
    const lives = ({ written }: Living): boolean => written + ttlMs > now
    const entries = [...by].filter(([, living]) => lives(living)).toSorted(([a], [b]) => a - b)
    const row = {
      ...more,
      last: last !== null && lives(last) ? last.value : null,
      all: all.filter(lives).map(({ value }) => value),
      by: entries.map(([name, { value }]) => [name, value]),
    }
    told.set(key, [...(told.get(key) ?? []), row])
  }
  /** Of the time before `done` everything has been done. */
  const fire = (done: number): void => {
    for (;;) {
      const due = [...states].flatMap(([key, { timers }]) => [...timers].map((at) => ({ key, at }))).filter(({ at }) => at <= watermark)
      const next = due.toSorted((a, b) => a.at - b.at)[0]
      if (next === undefined) return
      const { key, at } = next
      const { all, by, timers } = of(key)
      timers.delete(at)
      const now = Math.max(at, done)
      all.push({ value: -at, written: now })
      by.set(9, { value: at, written: now })
      if (at % 3 === 0) timers.add(at + 7)
      tell(key, now, { timer: at })
    }
  }
  for (const [index, { k, at, do: what, n, fails }] of moves.entries()) {
    const before = structuredClone(states)
    const own = of(k)
    const written = Math.max(at, watermark)
    if (what === 'set') own.last = { value: n, written }
    if (what === 'clear') own.last = null
    if (what === 'add') own.all.push({ value: n, written }, { value: n + 1, written })
    if (what === 'empty') own.all = [{ value: n, written }]
    if (what === 'put') own.by.set(n % 4, { value: n, written })
    if (what === 'delete') own.by.delete(n % 4)
    if (what === 'wipe') own.by.clear()
    if (what === 'timer') own.timers.add(at + n)
    if (what === 'untimer') own.timers.delete(at + n)
    if (fails) {
      states = before
      failed.push(index)
      continue
    }
    tell(k, watermark, {})
    fire(watermark)
    const done = watermark
    watermark = Math.max(watermark, at - disorder - 1)
    fire(done)
  }
  return { told, failed }
}

const inputs: fc.Arbitrary<readonly Move[]> = fc
  .array(
    fc.record({
      k: fc.constantFrom('a', 'b', 'a longer key than fits into a row'),
      step: fc.integer({ min: 0, max: 9 }),
      behind: fc.oneof(fc.constant(0), fc.nat(30)),
      do: fc.constantFrom<Move['do']>('set', 'clear', 'add', 'add', 'empty', 'put', 'put', 'put', 'delete', 'wipe', 'timer', 'timer', 'untimer'),
      n: fc.nat(30),
      fails: fc.integer({ min: 0, max: 9 }).map((one) => one === 0),
    }),
    { maxLength: 70 },
  )
  .map((all) => {
    let now = 40
    return all.map(({ step, behind, ...move }) => ({ ...move, at: (now += step) - behind }))
  })

test('state, its expiry and timers are those of the plain model, through slices, commits, lost transactions and crashes anywhere; in the end nothing is left', (t) => {
  fc.assert(
    fc.property(inputs, fc.integer({ min: 1, max: 400 }), interruptions, (moves, sliceBytes, between) => {
      const late = { k: 'z', at: 10_000, do: 'nothing', n: 0, fails: false } as const
      const all = [...moves, late]
      const run = new StageRun(
        stagesOf(plan)[0]!,
        all.map((value) => ({ key: value.k, value })),
        { sliceBytes },
      )
      interrupt(run, between)
      run.process().commit()
      const { told, failed } = model(all)
      const made = new Map<string, unknown[]>()
      for (const { key, value } of run.results) made.set(key!, [...(made.get(key!) ?? []), value])
      t.deepEqual(
        [...made].toSorted(([a], [b]) => (a < b ? -1 : 1)),
        [...told].toSorted(([a], [b]) => (a < b ? -1 : 1)) as [string, unknown[]][],
      )
      t.deepEqual(
        run.dead.map(({ offset }) => offset),
        failed,
      )
      t.is(run.store.rows, 0)
    }),
    { numRuns: 500 },
  )
})
