import { join } from 'node:path'
import { goProgram } from './machine/go.ts'
import { kubernetesVersion } from './kubernetes/native/binaries.ts'
import { attempt, which } from './machine/shell.ts'

/** The path of helm 3: the machine's when it has one, else built once. */
export async function helm(): Promise<string> {
  const installed = await which('helm')
  if (installed && (await attempt(installed, ['version', '--short'])).stdout.startsWith('v3.')) return installed
  const minor = kubernetesVersion.split('.')[1]
  const values = [
    ['internal/version.version', `v${version}`],
    ['pkg/lint/rules.k8sVersionMajor', '1'],
    ['pkg/lint/rules.k8sVersionMinor', minor],
    ['pkg/chartutil.k8sVersionMajor', '1'],
    ['pkg/chartutil.k8sVersionMinor', minor],
  ]
  const linkerFlags = values.map(([name, value]) => `-X helm.sh/helm/v3/${name}=${value}`).join(' ')
  return join(await goProgram({ name: 'helm', module: 'helm.sh/helm/v3/cmd/helm', version, linkerFlags, cost: '2 minutes' }), 'helm')
}

const version = '3.19.5'
