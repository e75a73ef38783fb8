import test from 'ava'
import { count } from '../../../runtime/dsl/aggregates.ts'
import { kafka } from '../../../runtime/dsl/kafka.ts'
import { parseSteps, planSteps } from '../../../runtime/dsl/steps.ts'
import { stream } from '../../../runtime/dsl/stream.ts'
import { countWindow, global, sliding, tumbling, type CountWindow, type Window } from '../../../runtime/dsl/windows.ts'
import { t as types } from '../../../runtime/formats/types.ts'
import { explain } from '../../../runtime/plan/explain.ts'
import { fingerprint } from '../../../runtime/plan/fingerprint.ts'

/** A program with this window. */
function stepsWith(window: unknown): unknown {
  return [
    {
      from: { topic: 'orders', key: 'customer', schema: { customer: 'string', amount: 'number', at: 'timestamp' } },
      eventTime: { field: 'at', outOfOrderness: '10s' },
    },
    { keyBy: 'customer' },
    { window },
    { aggregate: { name: 'n', fields: { n: { count: {} } } } },
    { to: { topic: 'results' } },
  ]
}

const orders = stream
  .from(kafka({ topic: 'orders', key: 'customer', schema: types.object({ customer: types.string, amount: types.number, at: types.timestamp }) }))
  .eventTime('at', { outOfOrderness: '10s' })
  .keyBy('customer')

const cases: readonly (readonly [step: object, window: Window<never> | Window | CountWindow, words: string])[] = [
  [
    { tumbling: '1m', emit: 'updates', lateness: '30s', offset: '-10s' },
    tumbling('1m', { emit: 'updates', lateness: '30s', offset: '-10s' }),
    'tumbling window 1m, offset -10s, lateness 30s, updates',
  ],
  [
    { tumbling: '1m', emit: { early: '10s', then: 'updates' } },
    tumbling('1m', { emit: { early: '10s', then: 'updates' } }),
    'tumbling window 1m, early results every 10s, then updates',
  ],
  [
    { sliding: '1m', slide: '10s', emit: { early: '5s' } },
    sliding('1m', '10s', { emit: { early: '5s' } }),
    'sliding window 1m every 10s, early results every 5s, then final ones',
  ],
  [{ tumbling: '1m', emit: 'final' }, tumbling('1m'), 'tumbling window 1m'],
  [{ tumbling: '2d', timeZone: 'Europe/Berlin' }, tumbling('2d', { timeZone: 'Europe/Berlin' }), 'tumbling window 2 days in Europe/Berlin'],
  [{ tumbling: 'week' }, tumbling('week'), 'tumbling window 1 week in UTC'],
  [
    { tumbling: 'month', timeZone: 'Asia/Tokyo', lateness: '1h' },
    tumbling('month', { timeZone: 'Asia/Tokyo', lateness: '1h' }),
    'tumbling window 1 month in Asia/Tokyo, lateness 1h',
  ],
  [{ count: 10 }, countWindow(10), 'window of 10 records'],
  [{ global: { count: 10 } }, global({ count: 10 }), 'global window, results every 10 records'],
  [{ global: { every: '1h', purge: true } }, global({ every: '1h', purge: true }), 'global window, results every 1h, beginning anew'],
]

for (const [step, window, words] of cases) {
  test(`steps: ${words} is the window of the builder`, (t) => {
    // The type of its results does not matter here.
    const built = orders
      .window(window as Window<never>)
      .aggregate('n', { n: count() })
      .to(kafka({ topic: 'results' }))
    t.is(fingerprint(parseSteps(stepsWith(step))), fingerprint(built))
    t.true(explain(built).includes(`  ${words}: n = count()`), explain(built))
  })
}

const wrong: readonly (readonly [title: string, window: unknown, path: string, message: RegExp])[] = [
  ['a global window without a trigger', { global: {} }, 'window.global', /never fires: give count: 100, or every: 1h/],
  ['a global window with two triggers', { global: { count: 5, every: '1m' } }, 'window.global', /one of them: count, every or trigger/],
  ['two windows in one', { count: 5, tumbling: '1m' }, 'window', /give one of tumbling: 1m/],
  ['no window at all', {}, 'window', /give one of tumbling: 1m/],
  ['a window of no records', { count: 0 }, 'window.count', /whole number from 1/],
  ['a trigger of half a record', { global: { count: 0.5 } }, 'window.global.count', /whole number from 1/],
  ['lateness of a count window', { count: 5, lateness: '1s' }, 'window', /lateness belong/],
  ['an emission that is none', { tumbling: '1m', emit: 'often' }, 'window.emit', /final, updates, or early: 10s/],
  ['early results of which none comes before the end', { tumbling: '1m', emit: { early: '1m' } }, 'window.emit.early', /less than the size/],
  ['a time zone that is none', { tumbling: '1d', timeZone: 'Europe/Bonn' }, 'window.timeZone', /IANA name, such as Europe\/Berlin/],
  ['hours in a time zone', { tumbling: '1h', timeZone: 'Europe/Berlin' }, 'window.timeZone', /days, weeks and months/],
  ['an offset of days in a time zone', { tumbling: '1d', timeZone: 'Europe/Berlin', offset: '1h' }, 'window.offset', /begin at midnight/],
  ['too many days', { tumbling: '367d', timeZone: 'UTC' }, 'window.tumbling', /from 1d to 366d/],
  ['a sliding window in a time zone', { sliding: '2d', slide: '1d', timeZone: 'Europe/Berlin' }, 'window', /side by side/],
  ['an offset back by a window', { tumbling: '1m', offset: '-60s' }, 'window.offset', /forward or back/],
]

for (const [title, window, path, message] of wrong) {
  test(`steps: ${title} is refused with its path`, (t) => {
    const result = planSteps(stepsWith(window))
    if (result.kind !== 'invalid') return t.fail(result.kind)
    t.deepEqual([result.reason, result.problems.map((problem) => problem.path)], ['PlanError', [`steps[2].${path}`]])
    t.regex(result.problems[0]?.message ?? '', message)
  })
}

test('a count window needs no event time, one in time does', (t) => {
  const withoutTime = (window: unknown): unknown => (stepsWith(window) as unknown[]).with(0, { from: { topic: 'orders', key: 'customer' } })
  for (const window of [{ count: 5 }, { global: { count: 5 } }]) t.is(planSteps(withoutTime(window)).kind, 'planned')
  for (const window of [{ tumbling: '1m' }, { global: { every: '1m' } }, { tumbling: 'month' }]) t.is(planSteps(withoutTime(window)).kind, 'invalid')
})

test('firing is a field of results where a window fires more than once, and free to name where it does not', (t) => {
  const named = (window: unknown, name: string, filter: string): string => {
    const steps = (stepsWith(window) as unknown[]).with(3, { aggregate: { name: 'n', fields: { [name]: { count: {} } } } })
    return planSteps(steps.toSpliced(4, 0, { filter })).kind
  }
  t.is(named({ tumbling: '1m', emit: 'updates' }, 'n', 'value.firing == "late"'), 'planned')
  t.is(named({ tumbling: '1m', emit: 'updates' }, 'firing', 'true'), 'invalid')
  t.is(named({ tumbling: '1m' }, 'n', 'value.firing == "late"'), 'invalid')
  t.is(named({ tumbling: '1m' }, 'firing', 'value.firing > 1'), 'planned')
})
