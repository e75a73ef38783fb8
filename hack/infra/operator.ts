import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from './kubernetes/driver.ts'
import { helm } from './helm.ts'
import type { Image } from './image/build.ts'
import { checkout } from './machine/paths.ts'
import { step } from './progress.ts'
import { attempt, run } from './machine/shell.ts'

/** Where the chart is installed: release and namespace. */
export const operatorRelease = { name: 'streamjob', namespace: 'streamjob-system' } as const

/** Installs the chart of this checkout with the image, or upgrades to it, and waits until the operator is ready. */
export async function installOperator(cluster: Cluster, image: Image, values: Readonly<Record<string, string>> = {}): Promise<void> {
  const chart = join(checkout, 'charts', 'streamjob-operator')
  if (!existsSync(chart)) throw new Error(`there is no chart in ${chart}`)
  const program = await helm()
  const settings = Object.entries({ 'image.repository': image.repository, 'image.tag': image.tag, ...values })
  const flags = [
    '--install',
    '--create-namespace',
    '--wait',
    '--timeout',
    '2m',
    ...settings.flatMap(([key, value]) => ['--set-string', `${key}=${value}`]),
  ]
  const { name, namespace } = operatorRelease
  await step(`chart ${name} in namespace ${namespace}`, async () => {
    try {
      await run(program, ['upgrade', name, chart, '--kubeconfig', cluster.kubeconfig, '--namespace', namespace, ...flags])
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${await whatHappened(cluster)}`, { cause: error })
    }
  })
}

/** Removes the chart. */
export async function uninstallOperator(cluster: Cluster): Promise<void> {
  const { name, namespace } = operatorRelease
  await run(await helm(), ['uninstall', name, '--kubeconfig', cluster.kubeconfig, '--namespace', namespace, '--ignore-not-found', '--wait'])
}

/** Pods, events and logs of the operator's namespace. */
async function whatHappened({ binaries, kubeconfig }: Cluster): Promise<string> {
  const kubectl = join(binaries, 'kubectl')
  const base = ['--kubeconfig', kubeconfig, '--namespace', operatorRelease.namespace]
  const questions = [
    ['get', 'pods', '-o', 'wide'],
    ['get', 'events', '--sort-by=.lastTimestamp'],
    ['logs', '--all-containers', '--tail=40', '-l', `app.kubernetes.io/instance=${operatorRelease.name}`],
  ]
  const answers = await Promise.all(questions.map((question) => attempt(kubectl, [...base, ...question])))
  return answers.map(({ stdout, stderr }) => stdout + stderr).join('\n')
}
