import test from 'ava'
import fc from 'fast-check'
import { createStateStore } from '../../../runtime/state/table-store.ts'
import type { StateStore } from '../../../runtime/state/store.ts'
import { MinHeap } from '../../../runtime/time/min-heap.ts'
import { timerLayout, Timers } from '../../../runtime/time/timers.ts'
import { restoreRows } from '../../support/changelog-rows.ts'

function timersIn(store: StateStore): Timers {
  const timers = new Timers(store.table('w/timers', timerLayout))
  timers.locate()
  return timers
}

const bytes = (text: string): Buffer => Buffer.from(text)

/** Takes out what is due, as `key@timestamp` or `key@timestamp:name`. */
function fire(timers: Timers, watermark: number): readonly string[] {
  const fired: string[] = []
  for (let due = timers.due(watermark); due.length > 0; due = timers.due(watermark)) {
    for (const { timestamp, name, key } of due) {
      if (timers.delete(timestamp, name, key)) fired.push(`${key.toString()}@${timestamp}${name.length > 0 ? `:${name.toString()}` : ''}`)
    }
  }
  return fired
}

test('timers fire in the order of their timestamps, when the watermark has reached them', (t) => {
  const timers = timersIn(createStateStore())
  for (const [key, at] of [
    ['a', 40],
    ['b', 3],
    ['a', 7],
    ['c', 41],
  ] as const)
    timers.set(at, bytes(''), bytes(key))
  t.is(timers.next, 3)
  t.deepEqual(fire(timers, 2), [])
  t.deepEqual(fire(timers, 40), ['b@3', 'a@7', 'a@40'])
  t.is(timers.next, 41)
  t.deepEqual(fire(timers, 1_000), ['c@41'])
  t.is(timers.next, Infinity)
})

test('a timer is one of key, timestamp and name, however often it is set, and can be deleted', (t) => {
  const timers = timersIn(createStateStore())
  t.true(timers.set(5, bytes(''), bytes('k')))
  t.false(timers.set(5, bytes(''), bytes('k')))
  t.true(timers.set(5, bytes('x'), bytes('k')))
  t.true(timers.set(5, bytes('xk'), bytes('')))
  t.true(timers.delete(5, bytes(''), bytes('k')))
  t.false(timers.delete(5, bytes(''), bytes('k')))
  t.deepEqual(fire(timers, 5).toSorted(), ['@5:xk', 'k@5:x'])
})

test('many timers of one timestamp come in batches, among others of nearly the same', (t) => {
  const timers = timersIn(createStateStore())
  for (let i = 0; i < 2_000; i++) timers.set(i % 2 === 0 ? 33 : 34, bytes(''), bytes(`key ${i}`))
  t.true(timers.due(33).length <= 256)
  t.is(timers.due(32).length, 0)
  t.is(fire(timers, 33).length, 1_000)
  t.is(timers.next, 34)
  t.is(fire(timers, 34).length, 1_000)
})

const moves = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constantFrom('set', 'set', 'delete'),
        at: fc.nat(120),
        name: fc.constantFrom('', 'n'),
        key: fc.constantFrom('a', 'b', 'a key that is far too long for its row'),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('fire'), at: fc.nat(130), some: fc.nat(3) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('commit', 'rollback', 'restart') }) },
  ),
  { maxLength: 60 },
)

test('whatever is set, deleted, fired, committed, lost or restored, the timers are those of a plain set', (t) => {
  fc.assert(
    fc.property(moves, (all) => {
      let store = createStateStore()
      let timers = timersIn(store)
      const changelog = new Map<string, Buffer>()
      let committed: ReadonlySet<string> = new Set()
      let model = new Set<string>()
      const order = (one: string): number => Number(/@(\d+)/.exec(one)![1])
      for (const move of all) {
        if ('name' in move) {
          const id = `${move.key}@${move.at}${move.name && `:${move.name}`}`
          const had = model.has(id)
          if (move.kind === 'set') {
            t.is(timers.set(move.at, bytes(move.name), bytes(move.key)), !had)
            model.add(id)
          } else {
            t.is(timers.delete(move.at, bytes(move.name), bytes(move.key)), had)
            model.delete(id)
          }
        } else if ('some' in move) {
          const due = [...model].filter((id) => order(id) <= move.at)
          const fired = fire(timers, move.at)
          t.deepEqual(fired.toSorted(), due.toSorted())
          t.deepEqual(
            fired.map(order),
            due.map(order).toSorted((a, b) => a - b),
          )
          for (const id of due) model.delete(id)
        } else if (move.kind === 'commit') {
          for (const { key, value } of store.changes()) {
            if (value === null) changelog.delete(key.toString('latin1'))
            else changelog.set(key.toString('latin1'), value)
          }
          store.markCommitted()
          committed = new Set(model)
        } else {
          if (move.kind === 'rollback') {
            store.rollback()
            timers.locate()
          } else {
            store = createStateStore()
            restoreRows(
              store,
              Array.from(changelog, ([key, value]) => ({ key: Buffer.from(key, 'latin1'), value })),
            )
            timers = timersIn(store)
          }
          model = new Set(committed)
          t.is(timers.next, Math.min(Infinity, ...[...model].map(order)))
        }
        t.is(timers.last, Math.max(-Infinity, ...[...model].map(order)))
      }
      t.deepEqual(fire(timers, Infinity).toSorted(), [...model].toSorted())
    }),
  )
})

test('a heap gives its numbers in order', (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.array(fc.integer()), (first, later) => {
      const heap = new MinHeap(first.toSorted((a, b) => a - b))
      for (const value of later) heap.push(value)
      const sorted = [...first, ...later].toSorted((a, b) => a - b)
      t.deepEqual(
        sorted.map(() => heap.shift()),
        sorted,
      )
      t.is(heap.shift(), undefined)
    }),
  )
})
