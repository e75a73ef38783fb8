import type { Disk } from './disk.ts'

/** The same disk, whose reading calls reject when there is no answer for so long: whoever reads has another way. */
export function patient(disk: Disk, patienceMs: number, pause: (milliseconds: number, signal: AbortSignal) => Promise<void>): Disk {
  const within = async <Result>(work: Promise<Result>): Promise<Result> => {
    const wait = new AbortController()
    const late = pause(patienceMs, wait.signal).then(() => {
      throw new Error(`the disk has not answered for ${patienceMs} ms`)
    })
    // It may come when nobody waits any more.
    late.catch(() => undefined)
    try {
      return await Promise.race([work, late])
    } finally {
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
        read: (into, position) => within(file.read(into, position)),
        status: () => within(file.status()),
        close: () => within(file.close()),
      }
    },
  }
}
