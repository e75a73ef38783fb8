import test from 'ava'
import { report, type SuiteResult } from '../../hack/suites/report.ts'
import { select, UsageError } from '../../hack/suites/select.ts'
import { suites } from '../../hack/suites/table.ts'
import { noTests } from '../../hack/suites/tap.ts'

const names = (args: readonly string[]): readonly string[] => select(args, () => 7).suites.map((suite) => suite.name)
const suitesOf = (file: string): readonly string[] => suites.filter((suite) => suite.owns(file)).map((suite) => suite.name)
const suite = suites[0]!

test('--all selects every suite, no name every suite but the rare ones', (t) => {
  t.deepEqual(
    names(['--all']),
    suites.map(({ name }) => name),
  )
  t.deepEqual(
    names(['--all']).filter((name) => !names([]).includes(name)),
    ['soak'],
  )
})

test('suites run in the order of the table, each once, however they are named', (t) => {
  t.deepEqual(names(['operator', 'unit', 'operator']), ['unit', 'operator'])
})

test('the seed is the one that was asked for, else a random one', (t) => {
  t.is(select(['unit', '--seed', '42'], () => 7).seed, 42)
  t.is(select(['unit'], () => 7).seed, 7)
})

test('an unknown suite, an unknown option and a seed that is no integer are usage errors', (t) => {
  for (const args of [['unti'], ['--sed', '1'], ['--seed', 'x'], ['--all', 'unit']]) t.throws(() => select(args, () => 7), { instanceOf: UsageError })
})

test('the name of a test file decides its suite', (t) => {
  t.deepEqual(suitesOf('test/runtime/time/windows.test.ts'), ['unit'])
  t.deepEqual(suitesOf('test/runtime/kafka/fetch.kafka.test.ts'), ['kafka'])
  t.deepEqual(suitesOf('test/faults/bounce.faults.test.ts'), ['faults'])
  t.deepEqual(suitesOf('test/crds/corpus.kube.test.ts'), ['operator'])
  t.deepEqual(suitesOf('test/charts/values.chart.test.ts'), ['chart'])
  t.deepEqual(suitesOf('test/e2e/kills.e2e.test.ts'), ['e2e'])
  t.deepEqual(suitesOf('test/e2e/smoke.e2e.test.ts'), ['e2e', 'kind'])
  t.deepEqual(suitesOf('test/hack/regression.bench.test.ts'), ['bench'])
  t.deepEqual(suitesOf('test/e2e/idle.soak.test.ts'), ['soak'])
})

const result = (counts: Partial<SuiteResult['counts']>, problem: SuiteResult['problem'] = null, seconds = 1): SuiteResult => ({
  suite,
  counts: { ...noTests, ...counts },
  failures: [],
  problem,
  seconds,
})

test('the last line counts the tests of all suites', (t) => {
  t.is(report([result({ passed: 3 }), result({ passed: 2, failed: 1 })], false).lines.at(-1), '5 passed, 1 failed')
})

test('a suite that was skipped counts as one skipped test, and fails in CI', (t) => {
  const results = [result({ passed: 3 }), result({}, { kind: 'skipped', reason: 'Go 1.26 is needed' })]
  t.deepEqual(report(results, false).lines.at(-1), '3 passed, 0 failed, 1 skipped')
  t.true(report(results, false).ok)
  t.deepEqual(report(results, true).lines.at(-1), '3 passed, 1 failed')
  t.false(report(results, true).ok)
})

test('a suite that could not be set up is a failure, named with its reason', (t) => {
  const { lines, ok } = report([result({}, { kind: 'failed', reason: 'port 19092 is taken' })], false)
  t.false(ok)
  t.regex(lines[0]!, /FAILED: port 19092 is taken/)
})

test('a suite over its time budget is named, and does not fail', (t) => {
  const { lines, ok } = report([result({ passed: 1 }, null, suite.budgetSeconds + 1)], false)
  t.regex(lines[0]!, /OVER ITS BUDGET/)
  t.true(ok)
})

test('what failed is said once more before the table, and not at any length', (t) => {
  const long = Array.from({ length: 100 }, (_, i) => `      line ${i}`).join('\n')
  const { lines } = report([result({ passed: 1 }), { ...result({ failed: 1 }), failures: [`  ✖ a › bad\n${long}`] }], false)
  t.is(lines[0], `== what failed in ${suite.name}`)
  t.regex(lines[1]!, /^ {2}✖ a › bad\n {6}line 0\n/)
  t.is(lines[1]!.split('\n').length, 40)
  t.is(lines.at(-1), '1 passed, 1 failed')
})
