import test from 'ava'
import { described, limits, measureRegression } from '../../hack/benchmarks/regression/regression.ts'

test('a record of the main case costs less than half more of plain JavaScript than it did', async (t) => {
  t.timeout(5 * 60_000)
  const found = await measureRegression()
  t.log(described(found))
  t.true(found.ratio < limits.failed * found.baseline, described(found))
})
