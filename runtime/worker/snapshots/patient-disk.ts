import type { Disk } from './disk.ts'

export interface PatienceOptions {
  /** For how long all calls together may wait. Milliseconds. */
  readonly patienceMs: number
  /** So much longer for what was read: a large snapshot is worth it, as long as it comes at this rate. */
  readonly bytesPerMs: number
  /** Monotonic ms. */
  readonly now: () => number
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

/** The same disk, whose reading calls reject when it has been waited for long enough: whoever reads has another way. */
export function patient(disk: Disk, { patienceMs, bytesPerMs, now, pause }: PatienceOptions): Disk {
  let left = patienceMs
  const within = async <Result>(work: Promise<Result>): Promise<Result> => {
    const wait = new AbortController()
    const began = now()
    const late = pause(Math.max(0, left), wait.signal).then(() => {
      throw new Error(`the disk was waited for ${patienceMs} ms, and longer for what it gave`)
    })
    // It may come when nobody waits any more.
    late.catch(() => undefined)
    try {
      return await Promise.race([work, late])
    } finally {
      left -= now() - began
      wait.abort()
      work.catch(() => undefined)
    }
  }
  return {
    ...disk,
    list: (directory) => within(disk.list(directory)),
    open: async (path) => {
      const opening = disk.open(path)
      const file = await within(opening).catch((error: unknown) => {
        void opening.then((late) => late.close()).catch(() => undefined)
        throw error
      })
      return {
        read: async (into, position) => {
          const bytes = await within(file.read(into, position))
          left += bytes / bytesPerMs
          return bytes
        },
        status: () => within(file.status()),
        close: () => within(file.close()),
      }
    },
  }
}
