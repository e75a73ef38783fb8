import test from 'ava'
import { addCounts, countTest, noTests, parseTapLine } from '../../hack/suites/tap.ts'

test('a TAP line tells how a test ended and its title', (t) => {
  t.deepEqual(parseTapLine('ok 1 - windows › closes - at the end'), { kind: 'test', outcome: 'passed', title: 'windows › closes - at the end' })
  t.deepEqual(parseTapLine('not ok 12 - a › bad'), { kind: 'test', outcome: 'failed', title: 'a › bad' })
})

test('skipped tests and those still to be written count as skipped', (t) => {
  t.deepEqual(parseTapLine('ok 4 - a › later # SKIP'), { kind: 'test', outcome: 'skipped', title: 'a › later' })
  t.deepEqual(parseTapLine('not ok 5 - a › to do # TODO'), { kind: 'test', outcome: 'skipped', title: 'a › to do' })
})

test('a title may contain a number sign', (t) => {
  t.deepEqual(parseTapLine('ok 4 - keeps # 3'), { kind: 'test', outcome: 'passed', title: 'keeps # 3' })
})

test('logs and the reason of a failure belong to the test before', (t) => {
  t.deepEqual(parseTapLine('#   hello'), { kind: 'detail', text: 'hello' })
  t.deepEqual(parseTapLine("    message: 'no'"), { kind: 'detail', text: "  message: 'no'" })
})

test('what belongs to no test is nothing', (t) => {
  for (const line of ['TAP version 13', '1..6', '# tests 5', '  ---', '  ...', '']) t.is(parseTapLine(line), null)
})

test('counts add up', (t) => {
  const one = countTest(countTest(noTests, 'passed'), 'failed')
  t.deepEqual(addCounts(one, countTest(noTests, 'skipped')), { passed: 1, failed: 1, skipped: 1 })
})
