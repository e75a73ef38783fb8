/** The `streamjob` command of this checkout. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { runMain } from '../infra/command.ts'
import { checkout } from '../infra/machine/paths.ts'

await runMain(async () => {
  const command = spawn(process.execPath, [join(checkout, 'operator', 'cli', 'main.ts'), ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  // The terminal sends its signals to both of us; the command decides what they mean.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => signal === 'SIGTERM' && command.kill(signal))
  const [code] = (await once(command, 'exit')) as [number | null]
  process.exitCode = code ?? 1
})
