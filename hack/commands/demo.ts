import { runMain } from '../infra/command.ts'
import { say } from '../infra/progress.ts'
import { endRunning } from '../infra/machine/shell.ts'
import { demoDown, demoStatus, demoUp } from '../demo-run/demo.ts'

const usage = `usage: hack/demo [up] | down | status
  up      starts Kafka, a cluster, the operator, the StreamJob of the README and a process that sends orders; shows results for a while, checks them,
          and leaves all of it running; exits 1 when they are wrong
  down    removes all of it
  status  says what is up; exits 1 unless all of it is
STREAMJOB_CLUSTER_DRIVER: kind (Docker) or native (Linux, root, without Docker); chosen by what is there.
STREAMJOB_KAFKA_DRIVER: jars (Java and Maven) or container (Docker); chosen by what is there.`

const print = (line: string): void => console.log(line)

const verbs: Readonly<Record<string, () => Promise<boolean>>> = {
  up: () => demoUp(print),
  down: async () => {
    await demoDown()
    return true
  },
  status: () => demoStatus(print),
}

for (const [signal, code] of [['SIGINT', 130] as const, ['SIGTERM', 143] as const, ['SIGHUP', 129] as const]) {
  process.once(signal, () => {
    say(`\n${signal}: what is up stays up; ./hack/demo goes on from here, ./hack/demo down removes it`)
    endRunning()
    process.exit(code)
  })
}

const [name = 'up', ...more] = process.argv.slice(2)
const verb = more.length === 0 ? verbs[name] : undefined
if (verb) {
  await runMain(async () => {
    if (!(await verb())) process.exitCode = 1
  })
} else {
  say(usage)
  process.exitCode = 2
}
