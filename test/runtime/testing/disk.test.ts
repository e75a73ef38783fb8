/** The disk that simulations use: what a loss of power may take, and what not. */
import test from 'ava'
import { VirtualDisk } from '../../../runtime/testing/disk/virtual-disk.ts'
import { seededRandom } from '../../../runtime/testing/time/random.ts'
import { VirtualClock } from '../../../runtime/testing/time/virtual-clock.ts'
import { VirtualProcess } from '../../../runtime/testing/time/virtual-process.ts'
import type { Disk } from '../../../runtime/worker/snapshots/disk.ts'

/** Does `work` on a disk, then `then` with whatever is left of it; for many seeds. */
async function seeds<Result>(work: (disk: Disk, faulty: VirtualDisk) => Promise<void>, look: (disk: VirtualDisk) => Result): Promise<Result[]> {
  const results: Result[] = []
  for (let seed = 0; seed < 60; seed++) {
    const clock = new VirtualClock()
    const random = seededRandom(seed)
    const faulty = new VirtualDisk({ scheduler: clock, random, clock: () => clock.now() })
    let done = false
    void work(faulty.mount(new VirtualProcess('p', clock, random)).disk, faulty).then(() => (done = true))
    await clock.run(() => done)
    results.push(look(faulty))
  }
  return results
}

const text = Buffer.from('x'.repeat(2_000))
const distinct = (values: readonly unknown[]): number => new Set(values.map((value) => JSON.stringify(value))).size
const cut = (disk: VirtualDisk): Record<string, number> => {
  disk.powerCut()
  return Object.fromEntries(disk.files())
}

test('what was synced, name and bytes, is there after a loss of power', async (t) => {
  const left = await seeds(async (disk) => {
    await disk.makeDirectory('/v')
    const file = await disk.create('/v/a')
    await file.append([text])
    await file.sync()
    await disk.syncDirectory('/v')
    await file.append([text])
  }, cut)
  t.true(left.every((files) => files['/v/a']! >= 2_000 && files['/v/a']! <= 4_000))
  t.true(distinct(left) > 5)
})

test('a name that was not synced may be lost, the old one as well as the new one', async (t) => {
  const left = await seeds(async (disk) => {
    await disk.makeDirectory('/v')
    await disk.create('/v/a')
    await disk.syncDirectory('/v')
    await disk.rename('/v/a', '/v/b')
    await disk.create('/v/c')
  }, cut)
  t.is(distinct(left.map((files) => Object.keys(files).toSorted())), 4)
  t.true(left.every((files) => '/v/a' in files !== '/v/b' in files))
})

test('a sync that failed loses what it was to write, though the next one succeeds', async (t) => {
  const left = await seeds(
    async (disk, faulty) => {
      await disk.makeDirectory('/v')
      const file = await disk.create('/v/a')
      await disk.syncDirectory('/v')
      await file.append([text])
      faulty.fail(1)
      await t.throwsAsync(file.sync(), { code: 'EIO' })
      faulty.fail(0)
      await file.sync()
      faulty.powerCut()
    },
    (faulty) => faulty.used,
  )
  t.true(left.every((used) => used === 2_000))
})

test('a full disk takes as much as there is room for', async (t) => {
  const used = await seeds(
    async (disk, faulty) => {
      await disk.makeDirectory('/v')
      const file = await disk.create('/v/a')
      faulty.fill(700)
      await t.throwsAsync(file.append([text]), { code: 'ENOSPC' })
    },
    (faulty) => faulty.used,
  )
  t.true(used.every((bytes) => bytes === 700))
})

test('a process that ends leaves what it had begun in whole, in part or not at all', async (t) => {
  const used = await seeds(
    async (disk, faulty) => {
      await disk.makeDirectory('/v')
      const file = await disk.create('/v/a')
      void file.append([text])
      faulty.unmount()
    },
    (faulty) => faulty.used,
  )
  t.true(used.includes(2_000))
  t.true(used.some((bytes) => bytes > 0 && bytes < 2_000))
})
