/** What the pages at the top say is what there is. */
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { parse } from 'yaml'
import { manifest } from '../../hack/demo-run/job.ts'
import { checkout } from '../../hack/infra/machine/paths.ts'
import { notSupportedYet } from '../../runtime/plan/unsupported.ts'
import { parseSteps } from '../../runtime/dsl/steps.ts'
import { explain } from '../../runtime/plan/explain.ts'
import { loadProgram } from '../../runtime/program/load.ts'
import { typecheck } from '../../runtime/program/typecheck.ts'

const page = (name: string): Promise<string> => readFile(join(checkout, name), 'utf8')

/** The first block of a language. */
const block = (text: string, language: string): string => new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(text)?.[1] ?? ''

test('the StreamJob of the README is the one that the demo applies, to the letter', async (t) => {
  t.is(block(await page('README.md'), 'yaml'), await readFile(manifest, 'utf8'))
})

test('the TypeScript of the README type-checks and does what the StreamJob does', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'streamjob-readme-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const file = join(directory, 'job.ts')
  await writeFile(file, block(await page('README.md'), 'ts'))
  t.deepEqual(await typecheck(file), [])
  const { spec } = parse(await readFile(manifest, 'utf8')) as { spec: { program: { steps: readonly unknown[] } } }
  const inTypeScript = explain(await loadProgram(file))
  t.is(inTypeScript.replace('(order) => order.amount > 0', 'value.amount > 0.0'), explain(parseSteps(spec.program.steps)))
})

test('every link of the top pages leads to a file, or to a heading of the page', async (t) => {
  const names = (await readdir(checkout)).filter((name) => name.endsWith('.md'))
  t.true(names.length >= 4)
  for (const name of names) {
    const text = await page(name)
    const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-'),
    )
    for (const [, target = ''] of text.matchAll(/\]\(([^)]+)\)/g)) {
      if (target.startsWith('https://')) continue
      t.true(target.startsWith('#') ? headings.includes(target.slice(1)) : existsSync(join(checkout, target)), `${name}: ${target}`)
    }
  }
})

test('every command of hack/ that the top pages name is there', async (t) => {
  for (const name of ['README.md', 'CONTRIBUTING.md']) {
    for (const [, command = ''] of (await page(name)).matchAll(/\.\/(hack\/[a-z]+)\b/g)) t.true(existsSync(join(checkout, command)), command)
  }
})

test('what the README calls refused is refused by that name', async (t) => {
  const refused = (await page('README.md')).split('\n').flatMap((line) => line.split('|')[2] ?? [])
  const table = refused.join(' ').toLowerCase()
  for (const [word, said] of Object.entries({
    join: 'joins',
    merge: 'merging',
    table: 'tables',
    avro: 'avro',
    evictor: 'evictors',
  })) {
    t.true(table.includes(said), said)
    t.regex(notSupportedYet(word) ?? '', /not supported yet/)
  }
})

test('the top level holds what it may hold and nothing else', async (t) => {
  const known =
    'package.json package-lock.json tsconfig.json operator runtime crds charts test hack README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md LICENSE'.split(
      ' ',
    )
  const visible = (await readdir(checkout)).filter((name) => !name.startsWith('.'))
  const ignored = ['node_modules', 'dist', 'coverage']
  t.deepEqual(
    visible.filter((name) => !known.includes(name) && !ignored.includes(name)),
    [],
  )
  t.deepEqual(
    known.filter((name) => !visible.includes(name)),
    [],
  )
})
