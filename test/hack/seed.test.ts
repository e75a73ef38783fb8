import test from 'ava'
import fc from 'fast-check'
import { run } from '../../hack/infra/machine/shell.ts'

test('the seed of a run reaches the property tests', async (t) => {
  const program =
    "await import('./test/support/seed.ts'); const { default: fc } = await import('fast-check'); console.log(fc.readConfigureGlobal().seed)"
  t.is((await run(process.execPath, ['--input-type=module', '-e', program], { env: { STREAMJOB_TEST_SEED: '4711' } })).trim(), '4711')
  const wanted = process.env['STREAMJOB_TEST_SEED']
  t.is(fc.readConfigureGlobal().seed, wanted === undefined ? undefined : Number(wanted))
})
