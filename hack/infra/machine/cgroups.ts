import { existsSync, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'

const root = '/sys/fs/cgroup'

/** Removes the top-level cgroups of that name, with all below them: one with cgroup v2, one per hierarchy with v1. */
export function removeCgroups(name: string): void {
  if (!existsSync(root)) return
  for (const parent of [root, ...readdirSync(root).map((hierarchy) => join(root, hierarchy))]) removeCgroup(join(parent, name))
}

/** A cgroup is removed with rmdir, its children first; the files in it are the kernel's. */
function removeCgroup(directory: string): void {
  if (!existsSync(directory)) return
  for (const entry of readdirSync(directory, { withFileTypes: true })) if (entry.isDirectory()) removeCgroup(join(directory, entry.name))
  try {
    rmdirSync(directory)
  } catch {
    // still a process in it, which is about to end
  }
}
