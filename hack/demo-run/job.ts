import { join } from 'node:path'
import { say } from '../infra/progress.ts'
import { waitUntil } from '../infra/machine/wait.ts'
import { job } from './settings.ts'
import type { System } from './system.ts'

/** Whether the StreamJob is there and not on its way out. */
export const jobExists = async (system: System): Promise<boolean> => {
  const found = await readJob(system)
  return found !== null && found.metadata.deletionTimestamp === undefined
}

/** Waits until a StreamJob that is being deleted is gone. */
export const jobGone = (system: System): Promise<void> =>
  waitUntil(`end of the deleted StreamJob ${job.name}`, async () => (await readJob(system)) === null, 90_000)

/** Applies the StreamJob of the README as it stands there. */
export const applyJob = (system: System): Promise<string> => system.kubectl([...inNamespace, 'apply', '-f', manifest])

/** Waits until the job is ready, and tells meanwhile what it waits for. Fails with what the cluster knows about it. */
export async function jobReady(system: System): Promise<void> {
  let told = ''
  try {
    await waitUntil(
      `ready StreamJob ${job.name}`,
      async () => {
        const { status, reason, message } = readyOf(await readJob(system))
        if (status !== 'True' && reason !== '' && told !== reason + message) say(`        ${reason}: ${message}`)
        told = reason + message
        return status === 'True'
      },
      120_000,
    )
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${await whatHappened(system)}`, { cause: error })
  }
}

/** The file that is applied. */
export const manifest = join(import.meta.dirname, 'streamjob.yaml')

/** Arguments of kubectl. */
export const inNamespace: readonly string[] = ['--namespace', job.namespace]

interface StreamJobJson {
  readonly metadata: { readonly generation: number; readonly deletionTimestamp?: string }
  readonly status?: { readonly conditions?: readonly Condition[] }
}

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly observedGeneration?: number
}

async function readJob({ kubectl }: System): Promise<StreamJobJson | null> {
  const text = await kubectl([...inNamespace, 'get', 'streamjob', job.name, '--ignore-not-found', '-o', 'json'])
  return text.trim() === '' ? null : (JSON.parse(text) as StreamJobJson)
}

/** A condition that speaks of an older spec says nothing. */
function readyOf(found: StreamJobJson | null): Pick<Condition, 'status' | 'reason' | 'message'> {
  const ready = found?.status?.conditions?.find(({ type }) => type === 'Ready')
  return ready && ready.observedGeneration === found?.metadata.generation ? ready : { status: 'Unknown', reason: '', message: '' }
}

async function whatHappened({ kubectl }: System): Promise<string> {
  const questions = [
    ['describe', 'streamjob', job.name],
    ['get', 'pods', '-o', 'wide'],
    ['logs', '--tail=20', '--prefix', '--all-containers', '-l', `streamjob.dev/job=${job.name}`],
  ]
  const answers = await Promise.allSettled(questions.map((question) => kubectl([...inNamespace, ...question])))
  return answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : String(answer.reason))).join('\n')
}
