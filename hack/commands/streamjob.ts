/** The `streamjob` command of this checkout. `dev` without `--kafka` runs on the broker that hack/kafka starts. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { runMain } from '../infra/command.ts'
import { brokerUp } from '../infra/kafka/broker.ts'
import { checkout } from '../infra/paths.ts'

await runMain(async () => {
  const args = process.argv.slice(2)
  const needsBroker = args[0] === 'dev' && !args.some((word) => word === '--kafka' || word.startsWith('--kafka=') || word === '--help')
  const broker = needsBroker ? ['--kafka', (await brokerUp('dev')).address] : []
  const command = spawn(process.execPath, [join(checkout, 'operator', 'cli', 'main.ts'), ...args.slice(0, 1), ...broker, ...args.slice(1)], {
    stdio: 'inherit',
  })
  // The terminal sends its signals to both of us; the command decides what they mean.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => signal === 'SIGTERM' && command.kill(signal))
  const [code] = (await once(command, 'exit')) as [number | null]
  process.exitCode = code ?? 1
})
