import test from 'ava'
import { flatMap, map } from '../../../support/stages.ts'
import type { TestTrigger } from '../../../support/stages.ts'
import { records, run, shown } from '../../../support/timeline.ts'
import { spent, summing, ten } from '../../../support/triggers.ts'
import type { Context, Input } from '../../../support/triggers.ts'

test('a record whose trigger throws, or decides nothing, leaves no effect, neither in the window nor in the state', (t) => {
  const picky: TestTrigger = {
    state: { spent },
    onRecord({ v }: Input, { state, timer }: Context) {
      state.spent.update((sum) => sum + v)
      timer.set(1_000)
      if (v === 2) throw new RangeError('two')
      if (v === 3) return undefined
      if (v === 4) return Promise.resolve('fire')
      if (v === 5) timer.set(0.5)
      return state.spent.get() >= 10 ? 'fire' : 'continue'
    },
    onTimer: () => 'continue',
  }
  const made = run(summing(picky), records('a1=2', 'a2=3', 'a3=4', 'a4=5', 'a5=1', 'a6=9'))
  t.deepEqual(shown(made, 's'), ['a[5,7)=10'])
  const gave = (what: string): string => `onRecord of the trigger of window "w": it gave ${what}; give continue, fire, purge or fire-and-purge`
  t.deepEqual(
    made.dead.map(({ offset, reason, message }) => [offset, reason, message]),
    [
      [0, 'processing', 'onRecord of the trigger of window "w": two'],
      [1, 'processing', gave('nothing')],
      [2, 'processing', gave('a promise')],
      [3, 'processing', 'onRecord of the trigger of window "w": a timer is set for whole epoch milliseconds, not 0.5'],
    ],
  )
})

test('a record of several values of which one fails has not been in its windows', (t) => {
  const copies = flatMap((value: Input) => Array.from({ length: value.v }, (_, i) => ({ ...value, v: i })))
  const fragile = map((value: Input) => {
    if (value.v === 6) throw new Error('six')
    return value
  })
  const [time, key, window] = summing(ten('fire-and-purge'))
  const made = run([time, copies, fragile, key, window], records('a1=3', 'a2=8', 'a3=5'))
  t.deepEqual(shown(made, 's'), ['a[1,4)=13'])
  t.is(made.dead.length, 1)
})

test('a timer whose function throws is a dead letter without a record, and gone; the window stays', (t) => {
  const failing: TestTrigger = {
    state: { spent },
    onRecord({ v }: Input, { timestamp, timer, state }: Context) {
      if (v === 1) timer.set(timestamp + 5)
      return state.spent.get() > 0 ? 'purge' : v === 3 ? 'fire' : 'continue'
    },
    onTimer(timestamp, { state, timer }: Context) {
      state.spent.set(100)
      timer.set(timestamp)
      return 'continue'
    },
  }
  const made = run(summing(failing), records('a7=1', 'a30=2', 'a31=3'))
  t.deepEqual(shown(made, 's'), ['a[7,32)=6'])
  const why = 'onTimer of the trigger of window "w": onTimer may set the timer for later only: 12 is not later than 12'
  t.deepEqual(made.dead, [{ to: 'dead', offset: null, reason: 'processing', message: `the timer at 12 of window "w" for key "a" failed: ${why}` }])
})

test('what a trigger gets may not be used later', (t) => {
  const kept: Context[] = []
  const keeping: TestTrigger = { onRecord: (_: Input, context: Context) => (kept.push(context), 'continue'), onTimer: () => 'fire' }
  run(summing(keeping), records('a1'))
  t.throws(() => kept[0]?.timer.set(5), { message: 'the timer belongs to the record or timer in work: do not use it later' })
})
