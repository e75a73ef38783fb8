import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Disk, ReadableFile, WritableFile } from './disk.ts'

/** The file system of this machine. */
export const nodeDisk: Disk = {
  list: (directory) =>
    readdir(directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    }),
  makeDirectory: async (directory) => {
    const first = await mkdir(directory, { recursive: true })
    if (first === undefined) return
    for (let made = directory; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made))
  },
  syncDirectory,
  create: async (path) => writable(await open(path, 'ax', 0o600)),
  open: async (path) => readable(await open(path, 'r')),
  rename,
  remove: (path) => rm(path, { recursive: true, force: true }),
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function writable(handle: FileHandle): WritableFile {
  return {
    append: async (parts) => {
      let left = parts.filter(({ length }) => length > 0)
      // A write may end early: at the limit of a call, or where the volume is nearly full.
      while (left.length > 0) left = behind(left, (await handle.writev(left.slice(0, 512))).bytesWritten)
    },
    sync: () => handle.datasync(),
    close: () => handle.close(),
  }
}

function readable(handle: FileHandle): ReadableFile {
  return {
    read: async (into, position) => {
      let filled = 0
      while (filled < into.length) {
        const { bytesRead } = await handle.read(into, filled, into.length - filled, position + filled)
        if (bytesRead === 0) break
        filled += bytesRead
      }
      return filled
    },
    status: async () => {
      const { size, mtimeMs } = await handle.stat()
      return { size, changed: mtimeMs }
    },
    close: () => handle.close(),
  }
}

/** What is left of the parts after so many bytes. */
function behind(parts: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes
  let first = 0
  while (first < parts.length && skip >= parts[first]!.length) skip -= parts[first++]!.length
  const rest = parts.slice(first)
  if (skip > 0) rest[0] = rest[0]!.subarray(skip)
  return rest
}
