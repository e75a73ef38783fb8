import { randomInt } from 'node:crypto'
import { runMain } from '../infra/command.ts'
import { endRunning } from '../infra/machine/shell.ts'
import { report, type SuiteResult } from '../suites/report.ts'
import { runSuites } from '../suites/run.ts'
import { select, UsageError, type Selection } from '../suites/select.ts'

const selection = selectOrExit()
const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (interrupt.signal.aborted) return
    console.log(`\n${signal}: cleaning up`)
    interrupt.abort()
    endRunning()
  })
}

await runMain(async () => {
  console.log(`suites: ${selection.suites.map((suite) => suite.name).join(' ')}; seed ${selection.seed}`)
  const results: SuiteResult[] = []
  for await (const result of runSuites(selection, interrupt.signal, (line) => console.log(line))) results.push(result)
  const { lines, ok } = report(results, process.env['CI'] === 'true')
  console.log(`\n${lines.join('\n')}`)
  process.exitCode = interrupt.signal.aborted ? 130 : ok ? 0 : 1
})

function selectOrExit(): Selection {
  try {
    return select(process.argv.slice(2), () => randomInt(2 ** 31))
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(error.message)
    process.exit(2)
  }
}
