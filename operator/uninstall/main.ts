/** The process that runs before the operator is uninstalled: exits 1, naming them, while there are StreamJobs that only it can delete. */
import { systemClock as clock } from '../clock.ts'
import { ConfigError, parseConfig } from '../config.ts'
import { createKubeClient } from '../kube/rest/client.ts'
import { inClusterConnection, kubeconfigConnection } from '../kube/rest/connection.ts'
import { refusal, remainingJobs } from './remaining-jobs.ts'

try {
  const config = parseConfig(process.argv.slice(2), process.env)
  const { kubeconfig: path } = config
  const connection = path === null ? await inClusterConnection({ ...config.apiServer, clock }) : await kubeconfigConnection({ path })
  const kube = createKubeClient(connection, { clock, qps: config.qps, burst: 2 * config.qps })
  const message = refusal(await remainingJobs(kube, config, AbortSignal.timeout(60_000)))
  kube.close()
  if (message !== null) end(1, message)
} catch (error) {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof ConfigError) end(2, message)
  else end(1, `not uninstalled: it can't be told whether StreamJobs are left: ${message}`)
}

/** By the exit code alone, so that the message is written whole. */
function end(code: number, message: string): void {
  process.stderr.write(`${message}\n`)
  process.exitCode = code
}
