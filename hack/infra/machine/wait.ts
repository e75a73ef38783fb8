import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { daemon, logFile, logTail } from './daemon.ts'

/**
 * Polls until the check holds. Throws at the deadline, and at once when one of the named processes has died, with the end of its log.
 */
export async function waitUntil(what: string, check: () => boolean | Promise<boolean>, timeoutMs: number, watched?: Watched): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await check())) {
    const dead = watched?.names.find((name) => daemon(watched.directory, name) === null)
    if (watched && dead !== undefined) throw new Error(`${dead} ended while waiting for ${what}:\n${logTail(watched.directory, dead)}`)
    if (performance.now() > deadline) {
      const logs = watched?.names.map((name) => `${logFile(watched.directory, name)}:\n${logTail(watched.directory, name)}`) ?? []
      throw new Error([`no ${what} after ${timeoutMs / 1000} s`, ...logs].join('\n'))
    }
    await sleep(40)
  }
}

export interface Watched {
  readonly directory: string
  readonly names: readonly string[]
}

/** Whether somebody listens. */
export function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1_000 })
    const end = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', () => end(true))
    socket.on('error', () => end(false))
    socket.on('timeout', () => end(false))
  })
}
