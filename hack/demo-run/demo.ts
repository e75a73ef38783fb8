import { say, step } from '../infra/progress.ts'
import { check } from './check.ts'
import { generatorRuns, removeGenerator, startGenerator, stopGenerator } from './generator.ts'
import { guide } from './guide.ts'
import { applyJob, inNamespace, jobExists, jobGone, jobReady } from './job.ts'
import { showResults } from './live.ts'
import { job, liveMs, orders } from './settings.ts'
import { runningParts, systemDown, systemOf, systemUp, type System } from './system.ts'
import { makeTopics } from './topics.ts'

/** The whole demo; what is up already is used. Returns whether the results were right. */
export async function demoUp(print: (line: string) => void): Promise<boolean> {
  const started = performance.now()
  const system = await systemUp()
  await runJob(system)
  print(`\nResults as they are committed, for ${liveMs / 1_000} s:\n`)
  const shown = await showResults(system.broker, liveMs, print)
  print('')
  const { summary, wrong } = await check(system.broker)
  const problems = shown === 0 ? ['no result came while we looked', ...wrong] : wrong
  for (const line of problems.slice(0, 20)) print(`  ${line}`)
  const seconds = ((performance.now() - started) / 1_000).toFixed(0)
  print(`\n${problems.length === 0 ? 'RIGHT' : `WRONG in ${problems.length} places`}: ${summary}; counted again from the input. ${seconds} s in all.`)
  print(guide(system))
  return problems.length === 0
}

/** Ends the generator and removes cluster and broker. */
export async function demoDown(): Promise<void> {
  await removeGenerator()
  await systemDown()
  say('nothing of the demo is up; what was built stays in the cache')
}

/** Says what is up. Returns whether all of it is. */
export async function demoStatus(print: (line: string) => void): Promise<boolean> {
  const { cluster, broker } = await runningParts()
  print(`cluster    ${cluster ? `${cluster.driver}, KUBECONFIG=${cluster.kubeconfig}` : 'down'}`)
  print(`Kafka      ${broker ? broker.address : 'down'}`)
  print(`generator  ${generatorRuns() ? `${orders.perSecond} orders a second` : 'down; it ends by itself after a while'}`)
  if (!cluster || !broker) return false
  const system = systemOf(cluster, broker)
  const rows = await system.kubectl([...inNamespace, 'get', 'streamjobs,pods', '--ignore-not-found']).catch((error: Error) => error.message)
  print(`\n${rows.trimEnd()}`)
  return generatorRuns() && (await jobExists(system))
}

/** A job that begins afresh reads its input from the beginning: then nothing of an earlier one may lie in the topics. */
async function runJob(system: System): Promise<void> {
  const exists = await jobExists(system)
  if (!exists) {
    await stopGenerator()
    await jobGone(system)
  }
  await step(`topics ${job.input} and ${job.output}`, () => makeTopics(system.broker, { afresh: !exists }))
  startGenerator(system.broker)
  await step(`StreamJob ${job.name} ready`, async () => {
    say((await applyJob(system)).trimEnd().replaceAll(/^/gm, '        '))
    await jobReady(system)
  })
}
