import test from 'ava'
import { kafka, state, stream, t as types } from '../../../runtime/index.ts'
import type { Plan } from '../../../runtime/index.ts'
import { stagesOf } from '../../../runtime/plan/structure/stages.ts'
import { StageRun } from '../../support/stage-run.ts'
import { records } from '../../support/timeline.ts'

const Input = types.object({ k: types.string, at: types.timestamp, v: types.number.default(0) })
const keyed = stream
  .from(kafka({ topic: 'input', key: 'k', schema: Input }))
  .eventTime('at', { outOfOrderness: '0s' })
  .keyBy('k')
const output = kafka({ topic: 'output' })

function runPlan(plan: Plan, ...words: readonly string[]): StageRun {
  return new StageRun(stagesOf(plan)[0]!, records(...words)).process()
}

/** Changelog rows that a commit would write. */
function changes(run: StageRun): number {
  return [...run.store.changes()].length
}

/** What the last record of key `k` was told. */
function last(run: StageRun): unknown {
  return run.results.at(-1)?.value
}

const kept = { n: state.value(types.number), tags: state.list(types.string), sums: state.map(types.string, types.number) }
const texts = keyed
  .process('p', {
    state: kept,
    onRecord({ v, at }, { state: { n, tags, sums }, emit }) {
      n.set(v)
      tags.add(`tag ${v}`)
      sums.set(`sum ${v % 1_000}`, at)
      if (v % 500 > 0 && v !== 1_499) return
      emit({ tags: tags.get().length, sums: sums.keys().length, first: sums.entries()[0] ?? null, newest: tags.get().at(-1) ?? null })
    },
  })
  .to(output)

test('lists and maps of any length: an item or entry more, or another value of one, changes a few small rows', (t) => {
  const words = Array.from({ length: 1_500 }, (_, i) => `a1=${i}`)
  const run = runPlan(texts, ...words).commit()
  t.deepEqual(last(run), { tags: 1_500, sums: 1_000, first: ['sum 0', 1], newest: 'tag 1499' })
  const next = new StageRun(stagesOf(texts)[0]!, records(...words, 'a2=500', 'a2=0')).process(1_500).commit()
  next.process(1)
  // The value, the end of the list, the entry.
  t.is(changes(next), 3)
  for (const { value } of next.store.changes()) t.true(value!.length < 1_200)
  next.commit().crash().process()
  t.deepEqual(last(next), { tags: 1_502, sums: 1_000, first: ['sum 0', 2], newest: 'tag 0' })
})

test('what is cleared is gone, row for row', (t) => {
  const plan = keyed
    .process('p', {
      state: kept,
      onRecord({ v }, { state: { n, tags, sums }, emit }) {
        if (v === 0) for (const cell of [n, tags, sums]) cell.clear()
        else {
          n.set(v)
          tags.add(...Array.from({ length: 300 }, (_, i) => `tag ${i}`))
          for (let i = 0; i < 300; i++) sums.set(`sum ${i}`, i)
        }
        emit({ n: n.get(), tags: tags.get().length, sums: sums.keys().length, has: sums.has('sum 7') })
      },
    })
    .to(output)
  const run = runPlan(plan, 'a1=1', 'b1=1')
  t.deepEqual(last(run), { n: 1, tags: 300, sums: 300, has: true })
  const cleared = runPlan(plan, 'a1=1', 'b1=1', 'a2=0')
  t.deepEqual(last(cleared), { n: null, tags: 0, sums: 0, has: false })
  t.is(cleared.store.rows, run.store.rows / 2)
  t.is(runPlan(plan, 'a1=1', 'b1=1', 'a2=0', 'b2=0').store.rows, 0)
})

test('a map that gets new entries and loses old ones stays small, in the order in which they were made', (t) => {
  const plan = keyed
    .process('p', {
      state: { by: state.map(types.integer, types.integer) },
      onRecord({ v }, { state: { by }, emit }) {
        by.set(v, v)
        if (v >= 10 && v % 100 !== 0) t.is(by.delete(v - 10), (v - 10) % 100 !== 90)
        emit({ keys: by.keys() })
      },
    })
    .to(output)
  const run = runPlan(plan, ...Array.from({ length: 2_001 }, (_, i) => `a1=${i}`))
  const { keys } = last(run) as { keys: readonly number[] }
  const stayed = Array.from({ length: 20 }, (_, i) => i * 100 + 90)
  t.deepEqual(keys, [...stayed.slice(0, -1), ...Array.from({ length: 11 }, (_, i) => 1_990 + i)])
  t.true(run.store.rows < 60, `${run.store.rows} rows`)
})

test('an initial value stands for what was never set, and for what was cleared; each time a fresh one', (t) => {
  const plan = keyed
    .process('p', {
      state: { list: state.value(types.list(types.number), { initial: [1] }), nothing: state.value(types.string) },
      onRecord({ v }, { state: { list, nothing }, emit }) {
        const before = list.get()
        before.push(v)
        if (v > 1) list.set(before)
        emit({ before, after: list.get(), nothing: nothing.get() })
      },
    })
    .to(output)
  const told = runPlan(plan, 'a1=1', 'a2=2', 'a3=3').results.map(({ value }) => value)
  t.deepEqual(told, [
    { before: [1, 1], after: [1], nothing: null },
    { before: [1, 2], after: [1, 2], nothing: null },
    { before: [1, 2, 3], after: [1, 2, 3], nothing: null },
  ])
})

test('state lives for its ttl after it was written, by the watermark for records and by its own time for a timer', (t) => {
  const plan = keyed
    .process('p', {
      state: { seen: state.value(types.integer, { initial: -1, ttl: '10ms' }) },
      onRecord({ v, at }, { state: { seen }, timers, emit }) {
        emit({ at, seen: seen.get() })
        if (v > 0) seen.set(v)
        timers.set(at + 9)
      },
      onTimer: (timer, { state: { seen }, emit }) => emit({ timer, seen: seen.get() }),
    })
    .to(output)
  //  a7 lives in [1, 11): the watermark behind b11 is 10, behind b12 it is 11
  const run = runPlan(plan, 'a1=7', 'b11', 'a3', 'b12', 'a4', 'b90')
  t.deepEqual(
    run.results.filter(({ key }) => key === 'a').map(({ value }) => value),
    [
      { at: 1, seen: -1 },
      { timer: 10, seen: 7 },
      { at: 3, seen: 7 },
      { at: 4, seen: -1 },
      { timer: 12, seen: -1 },
      { timer: 13, seen: -1 },
    ],
  )
})

test('state that nobody reads any more goes with time: values, items and entries, and the timers for that', (t) => {
  const plan = keyed
    .process('p', {
      state: {
        n: state.value(types.number, { ttl: '1s' }),
        tags: state.list(types.string, { ttl: '1s' }),
        sums: state.map(types.string, types.number, { ttl: '1s' }),
      },
      onRecord({ k, v }, { state: { n, tags, sums } }) {
        if (k === 'z') return
        n.set(v)
        tags.add(String(v))
        sums.set(String(v), v)
      },
    })
    .to(output)
  const busy = Array.from({ length: 3_000 }, (_, i) => `${'abcdefgh'[i % 8]}${i * 10}=${i}`)
  const run = runPlan(plan, ...busy)
  // A second has 100 records, each an entry, and a sweep for it; the rest is by key.
  t.true(run.store.rows < 400, `${run.store.rows} rows`)
  t.is(runPlan(plan, ...busy, 'z900000').store.rows, 0)
})

test('a name of an entry is of its declared type', (t) => {
  const plan = keyed
    .process('p', {
      state: { by: state.map(types.boolean, types.integer) },
      onRecord({ v }, { state: { by }, emit }) {
        by.set(v === 0 ? (0 as never) : v > 0, 1)
        emit({ keys: by.keys() })
      },
    })
    .to(output)
  const run = runPlan(plan, 'a1=0', 'a2=1', 'a2=2')
  t.deepEqual(
    run.dead.map(({ message }) => message),
    ['onRecord of process "p": the name of an entry of "by" must be a boolean, not 0'],
  )
  t.deepEqual(last(run), { keys: [true] })
})
