/** Processes of pods, seen from this machine: how a test kills one as the kernel would. */
import { readdirSync, readFileSync } from 'node:fs'

/**
 * Sends SIGKILL to the first process of each of the pod's containers, which its namespace is not protected from here outside. Returns the ids.
 * Needs the pod's processes on this machine, and root.
 */
export function killPodProcesses(podUid: string): readonly number[] {
  const pids = podProcesses(podUid)
  if (pids.length === 0) throw new Error(`no process of the pod with UID ${podUid} is on this machine`)
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  return pids
}

/** Ids of the first processes of the pod's containers, without the one that holds its namespaces. */
export function podProcesses(podUid: string): readonly number[] {
  // A cgroup's name has the UID as it is or, with systemd's driver, with underscores.
  const names = [`pod${podUid}`, `pod${podUid.replaceAll('-', '_')}`]
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => names.some((name) => read(pid, 'cgroup').includes(name)))
    .filter((pid) => innerPid(pid) === 1 && !read(pid, 'cmdline').startsWith('/pause'))
}

/** The process's id in its innermost namespace. */
const innerPid = (pid: number): number => Number(/^NSpid:.*?(\d+)$/m.exec(read(pid, 'status'))?.[1])

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return '' // it ended meanwhile
  }
}
