import type { Disk } from './disk.ts'
import { fileName, snapshotFiles } from './format.ts'

export interface SweepOptions {
  readonly disk: Disk
  /** Of the volume. */
  readonly directory: string
  /** Of the job; what belongs to others is history. */
  readonly lineage: number
  /** Where snapshots are being written. */
  readonly kept: ReadonlySet<string>
  /** What was last changed before, epoch ms, is too old to be used. */
  readonly oldest: number
}

/** Removes the snapshots that no start will use any more: of other lineages, and of tasks that went elsewhere long ago. */
export async function sweep({ disk, directory, lineage, kept, oldest }: SweepOptions): Promise<void> {
  for (const name of await disk.list(directory)) {
    // Other things may lie on a volume; a lineage is a number.
    if (/^\d+$/.test(name) && Number(name) !== lineage) await disk.remove(`${directory}/${name}`)
  }
  const own = `${directory}/${lineage}`
  for (const stage of await disk.list(own)) {
    for (const partition of await disk.list(`${own}/${stage}`)) {
      const place = `${own}/${stage}/${partition}`
      if (!kept.has(place) && (await lastChange(disk, place)) < oldest) await disk.remove(place)
    }
  }
}

/** Epoch ms; -Infinity where there is nothing. */
async function lastChange(disk: Disk, directory: string): Promise<number> {
  let last = -Infinity
  for (const file of snapshotFiles(await disk.list(directory))) {
    const readable = await disk.open(`${directory}/${fileName(file)}`)
    try {
      last = Math.max(last, (await readable.status()).changed)
    } finally {
      await readable.close()
    }
  }
  return last
}
