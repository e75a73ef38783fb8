/** What the kernel has counted for a process, all threads together. Linux only. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { MissingComponent } from '../infra/missing.ts'

/** Throws MissingComponent where the kernel does not say. */
export function demandProcessUsage(): void {
  if (!existsSync('/proc/self/schedstat')) throw new MissingComponent('the bench', 'it reads /proc: run it on Linux.')
}

/** CPU time of all threads so far, user and system, in seconds. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // Behind the command's name, which may hold anything: utime and stime are the 12th and 13th field from there, in ticks of 10 ms.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** For how long the main thread so far was ready to run and had no CPU, in seconds: what others on the machine took from it. */
export function waitedSeconds(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e9
}

/** The most memory that it had at any time, MiB. */
export function peakMemoryMiB(pid: number): number {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kibibytes) / 1024
}

/** The core for the broker and the one for the worker; null: there is one only, or no way to choose. */
export function separateCores(): { readonly broker: number; readonly worker: number } | null {
  return availableParallelism() >= 2 && existsSync('/usr/bin/taskset') ? { broker: 0, worker: 1 } : null
}

/** Keeps a process, with all threads that it has or will have, on one core. */
export function pin(pid: number, core: number): void {
  for (const thread of readdirSync(`/proc/${pid}/task`)) execFileSync('taskset', ['-p', '-c', String(core), thread], { stdio: 'ignore' })
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
