/** A worker that is restarted on its volume, whatever became of the volume meanwhile. */
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { systemTiming } from '../../../../runtime/kafka/timing.ts'
import { names } from '../../../../runtime/protocol.ts'
import { decodeFileHead, encodeFileHead, fileHeadLength, headBytes } from '../../../../runtime/worker/snapshots/format.ts'
import { eventually } from '../../../support/eventually.ts'
import { app, order, ScriptedWorker } from '../../../support/scripted-worker.ts'

const changelog = names.changelogTopic(app, 1, 'in')

async function volume(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'snapshots-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** Five customers in an open window, committed; the worker has ended. */
async function first(t: ExecutionContext, directory: string): Promise<ScriptedWorker> {
  const run = await ScriptedWorker.prepare(t, { partitions: 1, directory })
  run.pause = (milliseconds, signal) => systemTiming.sleep(milliseconds, signal)
  run.go()
  for (let i = 0; i < 5; i++) {
    run.kafka.put('in', 0, order(`c${i}`, i))
    await eventually(() => run.kafka.offsets.get('in-0')?.offset === i + 1)
  }
  run.stop.abort()
  await run.ended
  await run.worker[Symbol.asyncDispose]()
  return run
}

/** The next process, with the brokers as the one before left them. */
async function again(t: ExecutionContext, directory: string, before: ScriptedWorker): Promise<ScriptedWorker> {
  const after = await ScriptedWorker.prepare(t, { partitions: 1, directory })
  after.pause = (milliseconds, signal) => systemTiming.sleep(milliseconds, signal)
  after.kafka.log('in', 0).push(...before.kafka.log('in', 0))
  for (const [key, offset] of before.kafka.offsets) after.kafka.offsets.set(key, offset)
  after.kafka.log(changelog, 0).push(...before.kafka.log(changelog, 0))
  after.go()
  await eventually(() => after.worker.status().state === 'running')
  return after
}

/** All five windows are there, each with its one record. */
async function assertExact(t: ExecutionContext, run: ScriptedWorker): Promise<void> {
  run.kafka.put('in', 0, order('z', 1_500))
  await eventually(() => run.kafka.values('out').length >= 5)
  t.deepEqual(
    run.kafka.values('out').map((value) => [(value as { key: string }).key, (value as { n: number }).n]),
    [0, 1, 2, 3, 4].map((i) => [`c${i}`, 1]),
  )
}

const taken = (run: ScriptedWorker): Record<string, unknown> => run.logged.find(({ message }) => message === 'Tasks taken over')?.fields ?? {}

async function filesOf(directory: string): Promise<string[]> {
  const place = join(directory, '1', 'in', '0')
  return (await readdir(place)).map((name) => join(place, name))
}

test('a restart reads the snapshot and nothing of the changelog, when the last commit is in it', async (t) => {
  const directory = await volume(t)
  const after = await again(t, directory, await first(t, directory))
  t.like(taken(after), { fromSnapshots: 1, changelogRows: 0, rows: 5 })
  await assertExact(t, after)
})

test('a snapshot that lost its end goes on from the changelog', async (t) => {
  const directory = await volume(t)
  const before = await first(t, directory)
  const newest = (await filesOf(directory)).at(-1)!
  await truncate(newest, (await readFile(newest)).length - 5)
  const after = await again(t, directory, before)
  t.like(taken(after), { fromSnapshots: 1, rows: 5 })
  t.true(Number(taken(after)['changelogRows']) > 0)
  await assertExact(t, after)
})

for (const [what, damage] of [
  ['was emptied', (path: string) => truncate(path, 0)],
  [
    'has one wrong bit near its beginning',
    async (path: string) => {
      const bytes = await readFile(path)
      bytes[40]! ^= 4
      await writeFile(path, bytes)
    },
  ],
  [
    'is of another job',
    async (path: string) => {
      const { bytes } = foreign(await readFile(path))
      await writeFile(path, bytes)
    },
  ],
] as const) {
  test(`a snapshot that ${what} is not used: the changelog is read in full`, async (t) => {
    const directory = await volume(t)
    const before = await first(t, directory)
    for (const path of await filesOf(directory)) await damage(path)
    const after = await again(t, directory, before)
    t.like(taken(after), { fromSnapshots: 0, rows: 5 })
    t.is(after.worker.telemetry.snapshotFailures, 1)
    await assertExact(t, after)
  })
}

/** The same file with a head, right in itself, that names another job. */
function foreign(bytes: Buffer): { readonly bytes: Buffer } {
  const length = fileHeadLength(bytes)
  const head = decodeFileHead(bytes.subarray(0, headBytes + length))!.head
  const other = encodeFileHead({ ...head, identity: { ...head.identity, uid: 'v' } })
  return { bytes: Buffer.concat([other.bytes, bytes.subarray(headBytes + length)]) }
}
