import test from 'ava'
import fc from 'fast-check'
import { formatDuration, isDuration, parseDuration } from '../../crds/durations.ts'

const durations: readonly [text: string, milliseconds: number][] = [
  ['0s', 0],
  ['500ms', 500],
  ['10s', 10_000],
  ['1m', 60_000],
  ['6h', 21_600_000],
  ['7d', 604_800_000],
  ['99999999d', 8_639_999_913_600_000],
]

for (const [text, milliseconds] of durations) {
  test(`${text} is ${milliseconds} ms`, (t) => {
    t.is(parseDuration(text), milliseconds)
  })
}

for (const text of ['', '10', 's', '1.5s', '-1s', '01s', '1 s', '1S', '1w', '1h30m', ' 1s', '1s\n', '100000000s']) {
  test(`${JSON.stringify(text)} is no duration`, (t) => {
    t.false(isDuration(text))
    t.throws(() => parseDuration(text), { instanceOf: RangeError, message: /is not a duration: write a whole number and a unit/ })
  })
}

test('a formatted duration parses back to the same milliseconds', (t) => {
  fc.assert(fc.property(fc.nat({ max: 99_999_999 }), (milliseconds) => parseDuration(formatDuration(milliseconds)) === milliseconds))
  t.deepEqual([0, 90_000, 60_000, 86_400_000, 1_001].map(formatDuration), ['0s', '90s', '1m', '1d', '1001ms'])
})
