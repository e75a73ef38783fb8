import { chmod, cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { execFile, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { promisify } from 'node:util'
import test from 'ava'
import { PlanResult } from '../../../runtime/protocol.ts'
import { fingerprint } from '../../../runtime/plan/fingerprint.ts'
import { loadProgram } from '../../../runtime/program/load.ts'
import { planProgram } from '../../../runtime/program/plan.ts'
import { problemsOf } from '../../../runtime/plan/problems.ts'
import { eventually } from '../../support/eventually.ts'
import revenue from '../../jobs/revenue.ts'

const root = join(import.meta.dirname, '../../..')
const folder = await mkdtemp(join(tmpdir(), 'streamjob-program-'))
test.after.always(() => rm(folder, { recursive: true, force: true }))

/** Plans a program of these lines; the first is line 1. */
async function plan(name: string, ...lines: readonly string[]): Promise<{ readonly file: string; readonly result: PlanResult }> {
  const file = join(folder, name)
  await writeFile(file, lines.join('\n'))
  return { file, result: await planProgram(file, { loadMs: 2_000 }) }
}

for (const job of ['revenue', 'traffic', 'alerts', 'dearest', 'parcels']) {
  test.serial(`the sample job ${job}.ts can be planned`, async (t) => {
    const result = await planProgram(join(root, `test/jobs/${job}.ts`))
    t.is(result.kind, 'planned', JSON.stringify(result))
  })
}

test.serial('planning and loading give the same fingerprint', async (t) => {
  const file = join(root, 'test/jobs/revenue.ts')
  const result = await planProgram(file)
  t.like(result, { kind: 'planned', fingerprint: fingerprint(revenue) })
  t.is(fingerprint(await loadProgram(file)), fingerprint(revenue))
})

const header = "import { stream, kafka, tumbling, count, t } from 'streamjob'"
const from = "export default stream.from(kafka({ topic: 'a', schema: t.object({ who: t.string, at: t.timestamp }) }))"

const bad: readonly (readonly [
  title: string,
  name: string,
  lines: readonly string[],
  reason: Extract<PlanResult, { kind: 'invalid' }>['reason'],
  line: number | null,
  message: RegExp,
])[] = [
  [
    'a wrong type',
    'type.ts',
    [header, from, "  .filter((record) => record.whom === 'x')", "  .to(kafka({ topic: 'b' }))"],
    'TypeError',
    3,
    /'whom' does not exist/,
  ],
  ['a syntax error', 'syntax.ts', [header, from, '  .filter(=> true)', ''], 'TypeError', 3, /expected/],
  ['a syntax error in JavaScript', 'syntax.mjs', ['export default )'], 'TypeError', 1, /Expression expected/],
  [
    'TypeScript that cannot be stripped',
    'enum.ts',
    [header, 'enum A { b }', from, "  .to(kafka({ topic: 'b' }))"],
    'TypeError',
    2,
    /erasableSyntaxOnly/,
  ],
  [
    'a name that will exist',
    'postgres.ts',
    ["import { postgres } from 'streamjob'", 'export default postgres'],
    'NotSupportedYet',
    1,
    /the Postgres sink is not supported yet; write to a topic/,
  ],
  ['a method that will exist', 'join.ts', [header, from, '  .join(1)'], 'NotSupportedYet', 3, /joins are not supported yet/],
  [
    'a throw',
    'throw.ts',
    ['const limit: number = Number.parseInt("x")', 'if (Number.isNaN(limit)) throw new RangeError("no limit")', 'export default limit'],
    'LoadError',
    2,
    /RangeError: no limit/,
  ],
  ['a missing import', 'import.mjs', ["import { nothing } from 'streamjob'", 'export default nothing'], 'LoadError', 1, /nothing/],
  ['an exit', 'exit.ts', ["console.log('noise')", 'process.exit(0)', 'export {}'], 'LoadError', null, /exit code 0/],
  ['a top level that works for ever', 'loop.ts', ['while (true) {}', 'export {}'], 'LoadError', null, /longer than 2000 ms/],
  ['a top level that waits for ever', 'await.ts', ['await new Promise(() => {})', 'export {}'], 'LoadError', null, /never ends/],
  ['no default export', 'none.ts', ['export {}'], 'PlanError', null, /export default stream/],
  ['no sink', 'open.ts', [header, 'setInterval(() => {}, 1_000)', from], 'PlanError', null, /end it with \.to/],
  ['a default export that is no plan', 'number.ts', ['export default 5'], 'PlanError', null, /not a number/],
  [
    'a list of plans',
    'two.ts',
    [header, "const plan = stream.from(kafka({ topic: 'a' })).to(kafka({ topic: 'b' }))", 'export default [plan]'],
    'PlanError',
    null,
    /one plan, not a list: export default job\(/,
  ],
  [
    'an end that is no part of it',
    'forgotten.ts',
    [
      header,
      "const all = stream.from(kafka({ topic: 'a' }))",
      "all.filter(() => true).to(kafka({ topic: 'b' }))",
      "export default all.to(kafka({ topic: 'c' }))",
    ],
    'PlanError',
    3,
    /nothing comes of this end: it is no part of the default export; name all of them in export default job\(/,
  ],
  [
    'a branch that nothing reads',
    'unread.ts',
    [
      "import { stream, kafka, otherwise } from 'streamjob'",
      "const { some } = stream.from(kafka({ topic: 'a' })).split({ some: () => true, rest: otherwise })",
      "export default some.to(kafka({ topic: 'b' }))",
    ],
    'PlanError',
    2,
    /nothing reads this branch/,
  ],
  ['a plan with a problem', 'loopback.ts', [header, from, "  .to(kafka({ topic: 'a' }))"], 'PlanError', 3, /own results/],
  [
    'an async function',
    'async.ts',
    [header, from, '  .map(async (value) => value)', "  .to(kafka({ topic: 'b' }))"],
    'NotSupportedYet',
    3,
    /async functions are not supported yet/,
  ],
  ['a wrong default of a field', 'default.ts', [header, 'export default t.integer.default(1.5)'], 'PlanError', 2, /found 1\.5/],
]

for (const [title, name, lines, reason, line, message] of bad) {
  test.serial(`a program with ${title} is answered with ${reason}, file, line and message`, async (t) => {
    const { file, result } = await plan(name, ...lines)
    if (result.kind !== 'invalid') return t.fail(JSON.stringify(result))
    t.deepEqual(PlanResult.parse(result), result)
    t.is(result.reason, reason, JSON.stringify(result.problems))
    t.is(result.problems[0]?.file, file)
    t.is(result.problems[0]?.line ?? null, line, JSON.stringify(result.problems))
    t.regex(result.problems[0]?.message ?? '', message)
  })
}

test.serial('a file that is not there is answered with LoadError', async (t) => {
  t.like(await planProgram(join(folder, 'missing.ts')), { kind: 'invalid', reason: 'LoadError' })
  t.regex(problemsOf(await t.throwsAsync(loadProgram(join(folder, 'missing.ts'))))?.[0]?.message ?? '', /cannot be read/)
})

test.serial('a program mounted below a read-only package is planned as another user, and named as it was mounted', async (t) => {
  const app = join(folder, 'app')
  const temporary = join(folder, 'tmp')
  // What the test of lint puts among our files for a moment is none of them.
  const filter = (path: string): boolean => !path.includes('/violation-')
  for (const part of ['runtime', 'crds', 'package.json']) await cp(join(root, part), join(app, part), { recursive: true, filter })
  await symlink(join(root, 'node_modules'), join(app, 'node_modules'))
  // As the kubelet mounts a ConfigMap: the file is a link into a directory that is replaced as a whole.
  await mkdir(join(app, 'job/..2026'), { recursive: true })
  await cp(join(root, 'test/jobs/revenue.ts'), join(app, 'job/..2026/program.ts'))
  await writeFile(
    join(app, 'job/..2026/broken.ts'),
    "import { stream, kafka } from 'streamjob'\nexport default stream.from(kafka({ topic: 'a' })).to(kafka({ topic: 'a' }))\n",
  )
  await symlink('..2026', join(app, 'job/..data'))
  for (const name of ['program.ts', 'broken.ts']) await symlink(`..data/${name}`, join(app, 'job', name))
  await mkdir(temporary)
  await chmod(temporary, 0o777)
  await chmod(folder, 0o755)
  const before = await readdir(app, { recursive: true })

  const script = `
    const { planProgram } = await import(${JSON.stringify(join(app, 'runtime/program/plan.ts'))})
    const options = { tempDir: ${JSON.stringify(temporary)} }
    const results = []
    for (const name of ['program.ts', 'broken.ts']) results.push(await planProgram(${JSON.stringify(app)} + '/job/' + name, options))
    console.log(JSON.stringify(results))`
  const stranger = process.getuid?.() === 0 && (await canRead(root)) ? { uid: 65_534, gid: 65_534 } : {}
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { cwd: '/', ...stranger })
  const [planned, broken] = JSON.parse(stdout) as PlanResult[]

  t.is(planned?.kind, 'planned', stdout)
  t.like(broken, { kind: 'invalid', reason: 'PlanError' })
  t.like(broken?.kind === 'invalid' ? broken.problems[0] : null, { file: join(app, 'job/broken.ts'), line: 2 })
  t.deepEqual(await readdir(app, { recursive: true }), before)
  t.deepEqual(await readdir(temporary), [])
})

/** Whether a user without rights can read the checkout and run this Node. */
async function canRead(path: string): Promise<boolean> {
  const ask = promisify(execFile)(process.execPath, ['--eval', `require('fs').readdirSync(${JSON.stringify(path)})`], {
    uid: 65_534,
    gid: 65_534,
    cwd: '/',
  })
  return ask.then(
    () => true,
    () => false,
  )
}

for (const [title, main, end] of [
  ['a pod', 'runtime/main.ts', 0],
  ['the command', 'operator/cli/main.ts', 130],
] as const) {
  test.serial(`${title} that is told to end during the type check ends, and leaves nothing in the temporary folder`, async (t) => {
    const tempDir = await mkdtemp(join(folder, 'temp-'))
    const path = join(root, 'test/jobs/revenue.ts')
    const program = { kind: 'module', path }
    const config = { formatVersion: 1, applicationId: 'a', program, kafka: { brokers: ['none:1'] }, processing: {}, errors: {} }
    const configFile = join(folder, 'config.json')
    await writeFile(configFile, JSON.stringify(config))
    const pod = { STREAMJOB_CONFIG: configFile, STREAMJOB_HTTP_PORT: '0', STREAMJOB_CONTROL_PORT: '0', LOG_LEVEL: 'error' }
    const child = spawn(process.execPath, [join(root, main), 'plan', path], { env: { ...process.env, ...pod, TMPDIR: tempDir }, stdio: 'inherit' })
    t.teardown(() => child.kill('SIGKILL'))
    const ended = once(child, 'close')
    await eventually(async () => (await readdir(tempDir)).length > 0, { timeoutMs: 30_000 })
    child.kill('SIGTERM')
    t.deepEqual(await ended, [end, null])
    t.deepEqual(await readdir(tempDir), [])
  })
}
