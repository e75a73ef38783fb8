/** Loaded before each test file (package.json, ava.require): property tests take the seed of the run, so that a failed run can be repeated. */
const seed = process.env['STREAMJOB_TEST_SEED']
if (seed !== undefined && seed !== '') {
  const { default: fc } = await import('fast-check')
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) })
}

export {}
