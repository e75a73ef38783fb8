import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { whyForbidden } from '../../hack/lint/rooms.ts'
import { attempt, run } from '../../hack/infra/machine/shell.ts'

const allowed = (from: string, to: string, more: { isPackage?: boolean; typeOnly?: boolean } = {}): boolean =>
  whyForbidden({ from, to, isPackage: false, typeOnly: false, ...more }) === null

test('lint refuses an import that goes upwards, and reading the environment outside of a main.ts', async (t) => {
  const room = await mkdtemp('runtime/plan/violation-')
  t.teardown(() => rm(room, { recursive: true }))
  const file = join(room, 'upwards.ts')
  await writeFile(file, "import { Worker } from '../../worker/worker.ts'\nexport const home = [Worker, process.env['HOME']]\n")
  const { code, stdout } = await attempt('node_modules/.bin/oxlint', ['--no-ignore', '--format=unix', file])
  t.not(code, 0)
  t.regex(stdout, /upwards\.ts:1:.*runtime\/worker stands above runtime\/plan.*streamjob\(rooms\)/)
  t.regex(stdout, /upwards\.ts:2:.*only a main\.ts uses process\.env.*streamjob\(main-only\)/)
})

test('rooms of the runtime know those below and beside them, never those above', (t) => {
  t.true(allowed('runtime/worker/tasks/task.ts', 'runtime/kafka/client.ts'))
  t.true(allowed('runtime/worker/tasks/task.ts', 'runtime/worker/commits/commit.ts'))
  t.true(allowed('runtime/main.ts', 'runtime/worker/worker.ts'))
  t.false(allowed('runtime/kafka/reader.ts', 'runtime/worker/tasks/task.ts'))
  t.false(allowed('runtime/state/table.ts', 'runtime/plan/nodes.ts'))
  t.false(allowed('runtime/errors.ts', 'runtime/plan/nodes.ts'))
})

test('the builder knows the plan and what the plan is made of', (t) => {
  t.true(allowed('runtime/dsl/stream.ts', 'runtime/plan/nodes.ts'))
  t.false(allowed('runtime/dsl/stream.ts', 'runtime/transforms/stage.ts'))
  t.false(allowed('runtime/dsl/stream.ts', 'runtime/time/windows.ts'))
})

test('the types of a contract are free', (t) => {
  t.true(allowed('runtime/plan/nodes.ts', 'runtime/transforms/stage.ts', { typeOnly: true }))
  t.false(allowed('runtime/plan/nodes.ts', 'runtime/transforms/stage.ts'))
})

test('the operator knows what it shares with workers; its Kafka room knows ours, its command line the local runner', (t) => {
  t.true(allowed('operator/streamjob/reconciler.ts', 'runtime/protocol.ts'))
  t.true(allowed('operator/streamjob/reconciler.ts', 'runtime/worker/assignment.ts'))
  t.false(allowed('operator/streamjob/reconciler.ts', 'runtime/worker/tasks/task.ts'))
  t.false(allowed('operator/streamjob/reconciler.ts', 'runtime/kafka/admin.ts'))
  t.true(allowed('operator/kafka/job-kafka.ts', 'runtime/kafka/admin.ts'))
  t.true(allowed('operator/cli/dev.ts', 'runtime/dev/local-job.ts'))
  t.false(allowed('runtime/main.ts', 'operator/clock.ts'))
})

test('the resources import zod and nothing else', (t) => {
  t.true(allowed('crds/streamjob.ts', 'zod', { isPackage: true }))
  t.true(allowed('crds/streamjob.ts', 'crds/names.ts'))
  t.false(allowed('crds/streamjob.ts', 'yaml', { isPackage: true }))
  t.false(allowed('crds/streamjob.ts', 'runtime/errors.ts'))
  t.false(allowed('crds/streamjob.ts', 'node:fs', { isPackage: true }))
  t.true(allowed('runtime/config.ts', 'crds/streamjob.ts'))
})

test('one room each talks to Kafka and to Kubernetes', (t) => {
  t.true(allowed('runtime/kafka/connect.ts', 'kafkajs', { isPackage: true }))
  t.false(allowed('operator/kafka/job-kafka.ts', 'kafkajs', { isPackage: true }))
  t.true(allowed('operator/kube/rest/client.ts', '@kubernetes/client-node', { isPackage: true }))
  t.false(allowed('operator/main.ts', '@kubernetes/client-node', { isPackage: true }))
})

test('product code imports neither tests nor tools', (t) => {
  t.false(allowed('runtime/main.ts', 'hack/infra/machine/shell.ts'))
  t.true(allowed('test/hack/lint.test.ts', 'operator/main.ts'))
})

test('a room without a place in the order is an error', (t) => {
  t.throws(() => allowed('runtime/attic/junk.ts', 'runtime/errors.ts'), { message: /runtime\/attic has no place/ })
})

const tracked = async (): Promise<readonly string[]> =>
  (await run('git', ['ls-files', '--cached', '--others', '--exclude-standard'])).split('\n').filter((file) => existsSync(file))

test('no file of code is longer than 300 lines', async (t) => {
  const code = (await tracked()).filter((file) => /\.(ts|go|c|sh)$/.test(file) || /^(hack\/[^./]+|\.ci\/run)$/.test(file))
  t.true(code.length > 50)
  const lengths = await Promise.all(code.map(async (file) => ({ file, lines: (await readFile(file, 'utf8')).split('\n').length - 1 })))
  t.deepEqual(
    lengths.filter(({ lines }) => lines > 300),
    [],
  )
})

const aFew = 4

test('each folder with more than a few files says in a README what lives there', async (t) => {
  const folders = new Set(
    (await tracked()).map((file) => file.split('/').slice(0, -1).join('/')).filter((folder) => folder !== '' && !folder.startsWith('charts/')),
  )
  const silent: string[] = []
  for (const folder of folders) {
    const files = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => entry.name)
    const mirrors = folder.startsWith('test/') && folder.split('/').length > 2 // the tree that it mirrors says it
    if (!mirrors && files.length > aFew && !files.includes('README.md')) silent.push(folder)
  }
  t.deepEqual(silent, [])
})
