import { attempt, which } from '../machine/shell.ts'

/** Whether a Docker engine answers. */
export async function dockerRuns(): Promise<boolean> {
  if (!(await which('docker'))) return false
  return (await attempt('docker', ['version', '--format', '{{.Server.Version}}'])).code === 0
}
