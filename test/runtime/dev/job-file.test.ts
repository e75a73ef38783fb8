import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { nameOf, readJobFile } from '../../../runtime/dev/job-file.ts'

const root = join(import.meta.dirname, '../../..')
const folder = await mkdtemp(join(tmpdir(), 'streamjob-job-file-'))
test.after.always(() => rm(folder, { recursive: true, force: true }))

const head = ['apiVersion: streamjob.dev/v1alpha1', 'kind: StreamJob', 'metadata: { name: revenue }', 'spec:', '  kafka: { brokers: ["kafka:9092"] }']
let files = 0

async function problemsOf(t: ExecutionContext, extension: string, lines: readonly string[]): Promise<readonly string[]> {
  const file = join(folder, `job${files++}${extension}`)
  await writeFile(file, lines.join('\n'))
  const error = await t.throwsAsync(readJobFile(file), { name: 'BadInput' })
  return error.message.replaceAll(file, 'FILE').split('\n')
}

test('a StreamJob and a module of the same program give the same plan', async (t) => {
  const manifest = await readJobFile(join(root, 'test/jobs/revenue.yaml'))
  const module = await readJobFile(join(root, 'test/jobs/revenue.ts'))
  t.is(manifest.name, 'revenue')
  t.is(manifest.applicationId, 'default.revenue')
  t.is(module.applicationId, 'default.revenue')
  t.is(manifest.parallelism, 2)
  t.is(module.parallelism, 1)
  t.deepEqual(manifest.planned.stages, module.planned.stages)
})

test('the workers get what the spec says of processing, and the brokers of the command', async (t) => {
  const file = join(folder, 'processing.yaml')
  const steps = ['  program: { steps: [{ from: { topic: a } }, { to: { topic: b } }] }']
  await writeFile(file, [...head, ...steps, '  processing: { commitInterval: 200ms, startFrom: Latest }', '  errors: { late: Skip }'].join('\n'))
  const config = (await readJobFile(file)).config(['here:1'])
  t.is(config.processing.commitIntervalMs, 200)
  t.deepEqual(config.processing.startFrom, { kind: 'latest' })
  t.is(config.errors.late, 'Skip')
  t.deepEqual(config.kafka, { brokers: ['here:1'] })
})

test('an inline program is loaded, and runs on its own functions', async (t) => {
  const file = join(folder, 'inline.yaml')
  const program = [
    "import { stream, kafka } from 'streamjob'",
    "export default stream.from(kafka({ topic: 'a' })).map((v) => v).to(kafka({ topic: 'b' }))",
  ]
  await writeFile(file, [...head, '  program:', '    inline: |', ...program.map((line) => `      ${line}`)].join('\n'))
  const { plan } = await readJobFile(file)
  t.deepEqual(
    plan.nodes.map(({ kind }) => kind),
    ['source', 'map', 'sink'],
  )
})

test('text that is no YAML is refused with its line', async (t) => {
  const [first] = await problemsOf(t, '.yaml', ['kind: StreamJob', 'spec: { a: [1', 'metadata: x'])
  t.regex(first ?? '', /^FILE:[23]: /)
})

test('fields that are wrong, missing or unknown are refused at their lines', async (t) => {
  const problems = await problemsOf(t, '.yaml', [
    ...head,
    '  paralelism: 2',
    '  program:',
    '    steps:',
    '      - from: { topic: a }',
    '  processing:',
    '    commitInterval: soon',
  ])
  t.true(
    problems.some((line) => line.startsWith('FILE:11: spec.processing.commitInterval: ')),
    problems.join('\n'),
  )
  const unknown = await problemsOf(t, '.yaml', [...head, '  paralelism: 2', '  program: { steps: [{ from: { topic: a } }] }'])
  t.deepEqual(unknown, ['FILE:6: spec.paralelism: unknown field'])
  const missing = await problemsOf(t, '.yaml', head)
  t.deepEqual(missing, ['FILE:4: spec.program: required value'])
})

test('steps that can not be planned are refused at their lines', async (t) => {
  const steps = [...head, '  program:', '    steps:', '      - from: { topic: a, schema: { n: number } }']
  const field = await problemsOf(t, '.yaml', [...steps, '      - filter: "value.m > 1.0"', '      - keyBy: x', '      - to: { topic: b }'])
  t.deepEqual(
    field.map((line) => line.split(': ').slice(0, 2).join(': ')),
    ['FILE:9: spec.program.steps[1].filter', 'FILE:10: spec.program.steps[2].keyBy'],
  )
  const word = await problemsOf(t, '.yaml', [...steps, '      - fliter: "value.n > 1.0"', '      - to: { topic: b }'])
  t.regex(word.join('\n'), /^FILE:9: spec.program.steps\[1\].fliter: unknown/)
})

test('type errors of an inline program are named by the line of the YAML file', async (t) => {
  const problems = await problemsOf(t, '.yaml', [
    ...head,
    '  program:',
    '    inline: |',
    "      import { stream, kafka, t } from 'streamjob'",
    "      const wrong: number = 'text'",
    "      export default stream.from(kafka({ topic: 'a' })).to(kafka({ topic: 'b' }))",
  ])
  t.deepEqual(problems, ["FILE:9: Type 'string' is not assignable to type 'number'. (TS2322)"])
})

test('type errors of a module are named by its own lines', async (t) => {
  const problems = await problemsOf(t, '.ts', ["import { stream } from 'streamjob'", 'const n: number = stream', 'export default n'])
  t.regex(problems[0] ?? '', /^FILE:2: .*TS2322/)
})

test('a module without a plan says what to export', async (t) => {
  t.deepEqual(await problemsOf(t, '.ts', ['export const a = 1']), [
    'FILE: default export: there is none: export default stream.from(...) ... .to(...)',
  ])
})

test('what needs a cluster is refused with what to do instead', async (t) => {
  const image = await problemsOf(t, '.yaml', [...head, '  program:', '    image: jobs:1', '    module: a.ts'])
  t.deepEqual(image, ['FILE:7: spec.program.image: images run in a cluster; give the module in it itself: streamjob dev FILE.ts'])
  const configMap = await problemsOf(t, '.yaml', [...head, '  program:', '    configMap: { name: a }'])
  t.regex(configMap[0] ?? '', /^FILE:7: spec.program.configMap: a ConfigMap is in a cluster/)
})

test('of several resources in a file the StreamJob is taken, and more than one is refused', async (t) => {
  const job = [...head, '  program: { steps: [{ from: { topic: a } }, { to: { topic: b } }] }']
  const file = join(folder, 'several.yaml')
  await writeFile(file, ['kind: Secret', 'metadata: { name: x }', '---', ...job].join('\n'))
  t.is((await readJobFile(file)).name, 'revenue')
  t.deepEqual(await problemsOf(t, '.yaml', [...job, '---', ...job]), ['FILE: there are 2 StreamJobs in it; one is run at a time'])
  t.deepEqual(await problemsOf(t, '.yaml', ['kind: Secret']), ['FILE: there is no StreamJob in it (kind: StreamJob)'])
})

test('a file that is missing, or of another kind, is refused', async (t) => {
  await t.throwsAsync(readJobFile('/nowhere/job.yaml'), { name: 'BadInput', message: '/nowhere/job.yaml: there is no such file' })
  await t.throwsAsync(readJobFile('/nowhere/job.ts'), { name: 'BadInput', message: '/nowhere/job.ts: there is no such file' })
  await t.throwsAsync(readJobFile('job.txt'), { name: 'BadInput', message: /^job.txt: give a StreamJob/ })
})

test('a module gives its job a name that Kubernetes would take', (t) => {
  t.is(nameOf('/a/My Revenue_v2.job.ts'), 'my-revenue-v2-job')
  t.is(nameOf('__.ts'), 'job')
  t.is(nameOf(`${'a'.repeat(60)}.ts`).length, 40)
})
