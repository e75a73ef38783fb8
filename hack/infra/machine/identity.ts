import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** A process, told from a later one with the same id by when it started. */
export interface ProcessIdentity {
  readonly pid: number
  readonly started: string
}

/** Throws for a process that is not there. */
export function identify(pid: number): ProcessIdentity {
  const started = startOf(pid)
  if (started === null) throw new Error(`process ${pid} is not running`)
  return { pid, started }
}

/** Whether this very process still runs; a zombie does not. */
export const isAlive = ({ pid, started }: ProcessIdentity): boolean => startOf(pid) === started

function startOf(pid: number): string | null {
  return existsSync('/proc/self/stat') ? startInProc(pid) : startByPs(pid)
}

/** /proc/PID/stat: the fields behind the command's name, which may hold anything, begin with the state; the start time is the 20th of them. */
function startInProc(pid: number): string | null {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return null
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' ? null : (fields[19] ?? null)
}

function startByPs(pid: number): string | null {
  try {
    const [state = '', ...started] = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .split(/\s+/)
    return state.startsWith('Z') ? null : started.join(' ')
  } catch {
    return null
  }
}
