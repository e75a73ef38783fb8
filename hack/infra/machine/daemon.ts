import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, closeSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { environment } from './shell.ts'
import { identify, isAlive, type ProcessIdentity } from './identity.ts'

export interface DaemonOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** Starts a process that outlives this one. NAME.pid and NAME.log in the directory are its traces. Returns at once. */
export function startDaemon(directory: string, name: string, command: string, args: readonly string[], options: DaemonOptions = {}): void {
  mkdirSync(directory, { recursive: true })
  const log = openSync(logFile(directory, name), 'w')
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: environment(options.env),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  })
  closeSync(log)
  child.on('error', (error) => writeFileSync(logFile(directory, name), `${error.message}\n`, { flag: 'a' }))
  child.unref()
  if (child.pid === undefined) throw new Error(`${command} cannot be started`)
  writeFileSync(pidFile(directory, name), JSON.stringify(identify(child.pid)))
}

/** The running process of that name, or null. */
export function daemon(directory: string, name: string): ProcessIdentity | null {
  if (!existsSync(pidFile(directory, name))) return null
  const identity = JSON.parse(readFileSync(pidFile(directory, name), 'utf8')) as ProcessIdentity
  return isAlive(identity) ? identity : null
}

/** Names of all processes that were started in the directory and not stopped. */
export function daemons(directory: string): readonly string[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory)
    .filter((file) => file.endsWith('.pid'))
    .map((file) => basename(file, '.pid'))
}

/** Ends the process and waits until it is gone; kills it when it is not within `graceMs`. */
export async function stopDaemon(directory: string, name: string, signal: NodeJS.Signals = 'SIGTERM', graceMs = 10_000): Promise<void> {
  const running = daemon(directory, name)
  if (running) {
    send(running, signal)
    if (!(await gone(running, graceMs))) {
      send(running, 'SIGKILL')
      await gone(running, 5_000)
    }
  }
  rmSync(pidFile(directory, name), { force: true })
}

/** Sends a signal to the process of that name; false when it does not run. */
export function signalDaemon(directory: string, name: string, signal: NodeJS.Signals): boolean {
  const running = daemon(directory, name)
  if (running) send(running, signal)
  return running !== null
}

/** Where its output goes. */
export const logFile = (directory: string, name: string): string => join(directory, `${name}.log`)

const pidFile = (directory: string, name: string): string => join(directory, `${name}.pid`)

/** The last lines that it wrote. */
export const logTail = (directory: string, name: string): string =>
  readFileSync(logFile(directory, name), 'utf8').trimEnd().split('\n').slice(-12).join('\n')

function send(process_: ProcessIdentity, signal: NodeJS.Signals): void {
  try {
    process.kill(process_.pid, signal)
  } catch {
    // it ended meanwhile
  }
}

async function gone(process_: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  while (isAlive(process_)) {
    if (performance.now() > deadline) return false
    await sleep(20)
  }
  return true
}
