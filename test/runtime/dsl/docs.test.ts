import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { parse } from 'yaml'
import { grammar } from '../../../runtime/dsl/grammar.ts'
import { typecheck } from '../../../runtime/program/typecheck.ts'
import { planSteps } from '../../../runtime/dsl/steps.ts'

const page = readFileSync(new URL('../../../runtime/docs/program.md', import.meta.url), 'utf8')

/** The first block of a language. */
function block(language: string): string {
  return new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(page)?.[1] ?? ''
}

test('the TypeScript on the page about programs is the sample job', (t) => {
  const job = readFileSync(new URL('../../jobs/revenue.ts', import.meta.url), 'utf8')
  t.is(block('ts'), job.slice(job.indexOf('import')))
})

test('the programs on the page about process functions compile', async (t) => {
  const programs = readFileSync(new URL('../../../runtime/docs/process.md', import.meta.url), 'utf8').matchAll(/```ts\n(.*?)```/gs)
  const folder = await mkdtemp(join(tmpdir(), 'streamjob-docs-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  let checked = 0
  for (const [, text = ''] of programs) {
    const file = join(folder, `program-${++checked}.ts`)
    await writeFile(file, text)
    t.deepEqual(await typecheck(file), [], text)
  }
  t.true(checked >= 3)
})

test('the steps on the page about programs are the sample job', (t) => {
  const { steps } = parse(block('yaml')) as { steps: unknown }
  const job = parse(readFileSync(new URL('../../jobs/revenue.yaml', import.meta.url), 'utf8')) as { spec: { program: { steps: unknown } } }
  t.deepEqual(steps, job.spec.program.steps)
  t.is(planSteps(steps).kind, 'planned')
})

test('every step of the grammar is on the page about programs', (t) => {
  for (const verb of Object.keys(grammar)) t.regex(page, new RegExp(`\\| .*\`${verb}: `), verb)
})
