/** Whole jobs on a real broker and a real volume: what a restart reads, whatever became of the volume, and that results are exact in every case. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import type { Telemetry } from '../../../runtime/worker/telemetry.ts'
import type { Disk } from '../../../runtime/worker/snapshots/disk.ts'
import { decodeFileHead, encodeFileHead, fileHeadLength, headBytes } from '../../../runtime/worker/snapshots/format.ts'
import { nodeDisk } from '../../../runtime/worker/snapshots/node-disk.ts'
import { eventually } from '../../support/eventually.ts'
import { assertExact } from '../../support/exact.ts'
import { JobRun } from '../../support/job-run.ts'
import { orders } from '../../support/orders.ts'

const partitions = 4
const start = 1_700_000_000_000
const never = new Promise<never>(() => undefined)

/** The system's disk, for a process that can be killed in the middle of a write. */
class MortalDisk {
  #state: 'alive' | 'dying' | 'dead' = 'alive'
  readonly disk: Disk = {
    list: (path) => this.#while(() => nodeDisk.list(path)),
    makeDirectory: (path) => this.#while(() => nodeDisk.makeDirectory(path)),
    syncDirectory: (path) => this.#while(() => nodeDisk.syncDirectory(path)),
    open: (path) => this.#while(() => nodeDisk.open(path)),
    rename: (from, to) => this.#while(() => nodeDisk.rename(from, to)),
    remove: (path) => this.#while(() => nodeDisk.remove(path)),
    create: async (path) => {
      const file = await this.#while(() => nodeDisk.create(path))
      return {
        append: (parts) => this.#while(() => this.#append(file, parts)),
        sync: () => this.#while(() => file.sync()),
        close: () => file.close(),
      }
    },
  }

  /** The next write gets half of its bytes to the disk, and is the last thing that happens. */
  die(): void {
    this.#state = 'dying'
  }

  get dead(): boolean {
    return this.#state === 'dead'
  }

  /** For the next process. */
  revive(): void {
    this.#state = 'alive'
  }

  async #append(file: Awaited<ReturnType<Disk['create']>>, parts: readonly Uint8Array[]): Promise<void> {
    if (this.#state === 'alive') return file.append(parts)
    this.#state = 'dead'
    const bytes = Buffer.concat(parts)
    await file.append([bytes.subarray(0, bytes.length >> 1)])
    return never
  }

  #while<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#state === 'dead' ? never : work()
  }
}

class VolumeRun {
  readonly run: JobRun
  readonly directory: string
  #round = 0

  private constructor(run: JobRun, directory: string) {
    this.run = run
    this.directory = directory
  }

  /** A job of one worker, which has committed 3,000 orders, in several commits. */
  static async begin(t: ExecutionContext, disk: Disk = nodeDisk): Promise<VolumeRun> {
    const directory = await mkdtemp(join(tmpdir(), 'volume-'))
    t.teardown(() => rm(directory, { recursive: true, force: true }))
    const state = { directory, snapshotIntervalMs: 500 }
    const job = new VolumeRun(await new JobRun(t, { partitions, state, disk }).createTopics(), directory)
    await job.run.start(1)
    for (let round = 0; round < 3; round++) await job.work()
    return job
  }

  /** Another 1,000 orders, committed. */
  async work(): Promise<void> {
    await this.run.send(orders({ count: 1_000, partitions, from: start + this.#round * 1_000, seed: this.#round }))
    this.#round++
    await this.run.drained()
  }

  /** The worker that was stopped or killed starts again. Returns what it counts, once it has its tasks. */
  async again(): Promise<Telemetry> {
    this.run.job.startWorker(0)
    const worker = this.run.job.workers[0]!
    await eventually(() => worker.status().state === 'running' && worker.status().tasks.length === partitions, { timeoutMs: 30_000 })
    return worker.telemetry
  }

  async files(): Promise<string[]> {
    const names = await readdir(this.directory, { recursive: true })
    return names.filter((name) => /\.(base|tail)$/.test(name)).map((name) => join(this.directory, name))
  }
}

test('a worker that ended well reads nothing of the changelogs when it starts again', async (t) => {
  const job = await VolumeRun.begin(t)
  await job.run.job.stopWorker(0)
  t.like(await job.again(), { restores: partitions, snapshotRestores: partitions, restoredRows: 0, snapshotFailures: 0 })
  await job.work()
  await assertExact(t, job.run, 4_000)
})

for (const [what, damage, failures] of [
  ['was emptied', async ({ directory }: VolumeRun) => rm(join(directory, 'worker-0'), { recursive: true }), 0],
  ['is damaged from its beginning on', (job: VolumeRun) => change(job, (bytes) => void (bytes[20]! ^= 1)), partitions],
  ['is of another job', (job: VolumeRun) => change(job, rename), partitions],
] as const) {
  test(`a worker whose volume ${what} reads the changelogs in full`, async (t) => {
    const job = await VolumeRun.begin(t)
    await job.run.job.stopWorker(0)
    await damage(job)
    const telemetry = await job.again()
    t.like(telemetry, { restores: partitions, snapshotRestores: 0, snapshotFailures: failures })
    t.true(telemetry.restoredRows > 0)
    await job.work()
    await job.run.job.stopWorker(0)
    t.like(await job.again(), { snapshotRestores: partitions, restoredRows: 0 }, 'the next snapshot is good')
    await job.work()
    await assertExact(t, job.run, 5_000)
  })
}

test('a worker that is killed in the middle of a write reads what is missing, and no more', async (t) => {
  const mortal = new MortalDisk()
  const job = await VolumeRun.begin(t, mortal.disk)
  mortal.die()
  await job.work()
  await eventually(() => mortal.dead)
  await job.run.job.crash(0)
  mortal.revive()
  const short = await job.again()
  t.is(short.snapshotRestores, partitions)
  t.true(short.restoredRows > 0)
  await job.run.job.stopWorker(0)
  await rm(job.directory, { recursive: true })
  const full = await job.again()
  t.is(full.snapshotRestores, 0)
  t.true(short.restoredRows < full.restoredRows, `${short.restoredRows} rows instead of ${full.restoredRows}`)
  await job.work()
  await assertExact(t, job.run, 5_000)
})

async function change(job: VolumeRun, how: (bytes: Buffer) => void): Promise<void> {
  for (const path of await job.files()) {
    const bytes = await readFile(path)
    how(bytes)
    await writeFile(path, bytes)
  }
}

/** Another uid, with the right checksum of the head. */
function rename(bytes: Buffer): void {
  const length = fileHeadLength(bytes)
  const { head } = decodeFileHead(bytes.subarray(0, headBytes + length))!
  const uid = 'x'.repeat(head.identity.uid.length)
  bytes.set(encodeFileHead({ ...head, identity: { ...head.identity, uid } }).bytes)
}
