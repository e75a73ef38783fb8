/** What the kernel has counted for a process, all threads together. Linux only. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { MissingComponent } from '../../infra/machine/missing.ts'

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

/** Time that a core has been busy so far, whoever kept it so, seconds; what a hypervisor took from it included. */
export function coreBusySeconds(core: number): number {
  const [, numbers = ''] = new RegExp(`^cpu${core} (.*)$`, 'm').exec(readFileSync('/proc/stat', 'utf8')) ?? []
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = numbers.split(' ').map(Number)
  return (user + nice + system + irq + softirq + steal) / ticksPerSecond
}

/** The most memory that it had at any time, MiB; null when it has just ended, and has none any more. */
export function peakMemoryMiB(pid: number): number | null {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return kibibytes === undefined ? null : Number(kibibytes) / 1024
}

/** The core for the broker and the one for what is measured; null: there is one only, or no way to choose. */
export function separateCores(): { readonly broker: number; readonly system: number } | null {
  return availableParallelism() >= 2 && existsSync('/usr/bin/taskset') ? { broker: 0, system: 1 } : null
}

/** Keeps a process, with all threads that it has or will have, on one core. */
export function pin(pid: number, core: number): void {
  for (const thread of readdirSync(`/proc/${pid}/task`)) execFileSync('taskset', ['-p', '-c', String(core), thread], { stdio: 'ignore' })
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
