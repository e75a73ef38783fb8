/** All that CI checks before the tests, at once: `npm run verify`. Exits 1 when one fails. */
import { say, step } from './infra/progress.ts'
import { attempt } from './infra/machine/shell.ts'

const checks = {
  format: 'npm run --silent format:check',
  'lint and import rules': 'npm run --silent lint',
  types: 'npm run --silent typecheck',
  'generated files': 'npm run --silent generate -- --check',
}

for (const [name, command] of Object.entries(checks)) {
  await step(name, async () => {
    const { code, stdout, stderr } = await attempt('sh', ['-c', command])
    if (code !== 0) throw new Error(`${command}\n${stdout}${stderr}`)
  }).catch((error: unknown) => {
    say((error as Error).message)
    process.exitCode = 1
  })
}
