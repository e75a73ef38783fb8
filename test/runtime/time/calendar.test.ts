import test from 'ava'
import fc from 'fast-check'
import { CalendarWindows, type CalendarShape } from '../../../runtime/time/calendar.ts'
import { TimeZone, isTimeZone } from '../../../runtime/time/time-zone.ts'

const hour = 3_600_000
const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'America/St_Johns',
  'America/Havana',
  'Africa/Casablanca',
  'Asia/Kolkata',
  'Asia/Beirut',
  'Pacific/Apia',
  'Pacific/Chatham',
  'Australia/Lord_Howe',
]

function windowOf(shape: CalendarShape, time: string | number): readonly [start: string, end: string, hours: number] {
  const windows = new CalendarWindows(shape)
  const start = windows.newestOf(typeof time === 'number' ? time : Date.parse(time))
  const end = windows.endOf(start)
  return [new Date(start).toISOString().slice(0, 19), new Date(end).toISOString().slice(0, 19), (end - start) / hour]
}

function local(time: number, timeZone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(time)
}

test('a day is from midnight to midnight of its zone, and as long as that makes it', (t) => {
  const day = { unit: 'day', count: 1, timeZone: 'Europe/Berlin' } as const
  t.deepEqual(windowOf(day, '2026-01-15T22:59:59Z'), ['2026-01-14T23:00:00', '2026-01-15T23:00:00', 24])
  t.deepEqual(windowOf(day, '2026-01-15T23:00:00Z'), ['2026-01-15T23:00:00', '2026-01-16T23:00:00', 24])
  t.deepEqual(windowOf(day, '2026-03-29T12:00:00Z'), ['2026-03-28T23:00:00', '2026-03-29T22:00:00', 23])
  t.deepEqual(windowOf(day, '2026-10-25T12:00:00Z'), ['2026-10-24T22:00:00', '2026-10-25T23:00:00', 25])
})

test('weeks begin on Monday, months on their first day', (t) => {
  const [week, month] = (['week', 'month'] as const).map((unit) => ({ unit, count: 1, timeZone: 'America/New_York' }))
  t.deepEqual(windowOf(week!, '2026-03-08T12:00:00Z'), ['2026-03-02T05:00:00', '2026-03-09T04:00:00', 167])
  t.deepEqual(windowOf(month!, '2026-03-01T04:59:59Z'), ['2026-02-01T05:00:00', '2026-03-01T05:00:00', 28 * 24])
  t.deepEqual(windowOf(month!, '2026-11-30T00:00:00Z'), ['2026-11-01T04:00:00', '2026-12-01T05:00:00', 30 * 24 + 1])
  t.deepEqual(windowOf({ unit: 'month', count: 1, timeZone: 'UTC' }, '2028-02-29T23:59:59Z'), ['2028-02-01T00:00:00', '2028-03-01T00:00:00', 29 * 24])
})

test('several days are counted from the first of January 1970', (t) => {
  const days = { unit: 'day', count: 7, timeZone: 'UTC' } as const
  t.deepEqual(windowOf(days, 0), ['1970-01-01T00:00:00', '1970-01-08T00:00:00', 168])
  t.deepEqual(windowOf({ ...days, timeZone: 'Asia/Tokyo' }, 0), ['1969-12-31T15:00:00', '1970-01-07T15:00:00', 168])
})

test('where the clocks skip midnight, the day begins when they do; of two midnights it begins at the first', (t) => {
  // São Paulo, 2018-11-04: from 23:59:59 to 01:00:00.
  t.deepEqual(windowOf({ unit: 'day', count: 1, timeZone: 'America/Sao_Paulo' }, '2018-11-04T12:00:00Z'), [
    '2018-11-04T03:00:00',
    '2018-11-05T02:00:00',
    23,
  ])
  // Havana, 2023-11-05: from 00:59:59 back to 00:00:00.
  t.deepEqual(windowOf({ unit: 'day', count: 1, timeZone: 'America/Havana' }, '2023-11-05T12:00:00Z'), [
    '2023-11-05T04:00:00',
    '2023-11-06T05:00:00',
    25,
  ])
  // St John's, 2010-11-07: from 00:00:59 back to 23:01:00 of the day before, which is the new day's already.
  const stJohns = { unit: 'day', count: 1, timeZone: 'America/St_Johns' } as const
  t.deepEqual(windowOf(stJohns, '2010-11-07T03:00:00Z'), ['2010-11-07T02:30:00', '2010-11-08T03:30:00', 25])
  t.is(local(Date.parse('2010-11-07T03:00:00Z'), 'America/St_Johns').slice(0, 10), '2010-11-06')
  // Apia had no 30th of December 2011.
  const apia = { unit: 'day', count: 1, timeZone: 'Pacific/Apia' } as const
  t.deepEqual(windowOf(apia, '2011-12-30T09:59:59Z'), ['2011-12-29T10:00:00', '2011-12-30T10:00:00', 24])
  t.deepEqual(windowOf(apia, '2011-12-30T10:00:00Z'), ['2011-12-30T10:00:00', '2011-12-31T10:00:00', 24])
})

test('windows of every zone lie side by side, hold their timestamps, and begin where a new local date does', (t) => {
  const shapes = fc.record({ unit: fc.constantFrom('day', 'week', 'month'), count: fc.constantFrom(1, 1, 3), timeZone: fc.constantFrom(...zones) })
  fc.assert(
    fc.property(shapes, fc.array(fc.integer({ min: 0, max: Date.UTC(2040, 0) }), { minLength: 1, maxLength: 8 }), (shape, times) => {
      const windows = new CalendarWindows(shape)
      for (const time of times) {
        const start = windows.newestOf(time)
        const end = windows.endOf(start)
        t.true(start <= time && time < end, `${start} ${time} ${end}`)
        t.is(windows.newestOf(start), start)
        t.is(windows.newestOf(end - 1), start)
        t.is(windows.newestOf(end), end)
        t.not(local(start - 1, shape.timeZone).slice(0, 10), local(start, shape.timeZone).slice(0, 10))
        if (shape.unit === 'month') t.is(local(start, shape.timeZone).slice(8, 10), '01')
        t.is(new CalendarWindows(shape).newestOf(time), start)
      }
    }),
    { numRuns: 300 },
  )
})

test('what was looked up before is found again, in whatever order', (t) => {
  const shape = { unit: 'day', count: 1, timeZone: 'America/New_York' } as const
  const windows = new CalendarWindows(shape)
  const times = Array.from({ length: 400 }, (_, i) => Date.UTC(2026, 0, 1) + ((i * 7_919) % 400) * 12 * hour)
  const found = times.map((time) => windows.newestOf(time))
  t.deepEqual(
    times.map((time) => windows.newestOf(time)),
    found,
  )
  t.deepEqual(
    times.map((time) => new CalendarWindows(shape).newestOf(time)),
    found,
  )
})

test('a window of the calendar is open until the watermark has passed its end and the lateness', (t) => {
  const windows = new CalendarWindows({ unit: 'day', count: 1, timeZone: 'Europe/Berlin' })
  const start = windows.newestOf(Date.parse('2026-03-29T12:00:00Z'))
  const last = Date.parse('2026-03-29T22:00:00Z') - 1
  t.is(windows.countOpen(0, start, 500, last + 499), 1)
  t.is(windows.countOpen(0, start, 500, last + 500), 0)
  t.is(windows.slideMs, 0)
})

test('time zones are known by their IANA names', (t) => {
  t.true(isTimeZone('Europe/Berlin'))
  t.false(isTimeZone('Europe/Bonn'))
  t.false(isTimeZone(''))
  t.throws(() => new TimeZone('Mars/Olympus'), { instanceOf: RangeError })
})
