import test from 'ava'
import { refusal } from '../../../operator/uninstall/remaining-jobs.ts'

test('an operator without jobs may go', (t) => {
  t.is(refusal([]), null)
})

test('the refusal names every job and both ways on', (t) => {
  const words = refusal(['shop/orders', 'shop/revenue']) ?? ''
  t.true(words.startsWith('not uninstalled: 2 StreamJobs need this operator'))
  for (const part of ['  shop/orders\n', '  shop/revenue\n', 'kubectl delete streamjob', 'helm uninstall --no-hooks'])
    t.true(words.includes(part), part)
})

test('of many jobs twenty are named and the rest are counted', (t) => {
  const lines = (refusal(Array.from({ length: 23 }, (_, index) => `a/job-${index}`)) ?? '').split('\n')
  t.is(lines.filter((line) => line.startsWith('  a/')).length, 20)
  t.true(lines.includes('  and 3 more'))
})
