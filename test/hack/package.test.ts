/** The published package, used as its users do: packed by npm, unpacked below node_modules, where Node strips no types. */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { run } from '../../hack/infra/machine/shell.ts'
import { checkout } from '../../hack/infra/machine/paths.ts'
import { buildPackage } from '../../hack/package/build-package.ts'

let directory = ''
const project = (...path: string[]): string => join(directory, 'project', ...path)
const installed = (...path: string[]): string => project('node_modules', 'streamjob', ...path)

test.before('the package is built, packed and unpacked', async (t) => {
  t.timeout(120_000)
  directory = await mkdtemp(join(tmpdir(), 'streamjob-package-'))
  await buildPackage(join(directory, 'dist'))
  await run('npm', ['pack', '--silent', '--pack-destination', directory, join(directory, 'dist')])
  await mkdir(installed(), { recursive: true })
  const [archive = ''] = (await readdir(directory)).filter((file) => file.endsWith('.tgz'))
  await run('tar', ['-xzf', join(directory, archive), '--strip-components', '1', '-C', installed()])
  // What it depends on is found above the project, without a registry.
  await symlink(join(checkout, 'node_modules'), join(directory, 'node_modules'))
  await writeFile(project('package.json'), '{ "private": true }')
})

test.after.always(() => rm(directory, { recursive: true, force: true }))

const chain = `import { stream, kafka, tumbling, count, t } from 'streamjob'
export default stream
  .from(kafka({ topic: 'orders', key: 'customer', schema: t.object({ customer: t.string, at: t.timestamp }) }))
  .eventTime('at', { outOfOrderness: '1s' })
  .keyBy('customer')
  .window(tumbling('1m'))
  .aggregate('per-minute', { n: count() })
  .to(kafka({ topic: 'counts' }))
`

test('it holds compiled JavaScript, types, definitions and documents, and no TypeScript', async (t) => {
  const files = (await readdir(installed(), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => name)
  t.deepEqual(
    files.filter((file) => /(?<!\.d)\.ts$/.test(file)),
    [],
  )
  for (const wanted of ['index.js', 'index.d.ts', 'streamjobs.streamjob.dev.yaml', 'LICENSE', 'README.md', 'program.md']) {
    t.true(files.includes(wanted), wanted)
  }
  const manifest = JSON.parse(await readFile(installed('package.json'), 'utf8')) as Record<string, unknown>
  t.deepEqual(manifest['exports'], {
    '.': { types: './runtime/index.d.ts', default: './runtime/index.js' },
    './testing': { types: './runtime/testing/index.d.ts', default: './runtime/testing/index.js' },
  })
  t.false('devDependencies' in manifest || 'scripts' in manifest || 'private' in manifest)
})

test('a project in plain JavaScript builds a plan with it', async (t) => {
  await writeFile(project('job.mjs'), chain)
  await writeFile(project('print.mjs'), `import plan from './job.mjs'; console.log(plan.kind, plan.nodes.length)`)
  t.regex(await run(process.execPath, ['print.mjs'], { cwd: project() }), /^streamjob\.plan \d+\n$/)
})

test('the simulation of its documentation runs in a project that has it', async (t) => {
  const page = await readFile(join(checkout, 'runtime', 'docs', 'simulation.md'), 'utf8')
  const [, example = ''] = /```ts\n([^]*?)```/.exec(page) ?? []
  t.true(example.includes('seed <= 100'))
  await writeFile(project('simulation.ts'), `${example.replace('seed <= 100', 'seed <= 5')}\nconsole.log('done')\n`)
  t.is(await run(process.execPath, ['simulation.ts'], { cwd: project() }), 'done\n')
})

test('a strict TypeScript project type-checks against it, and its types see a wrong field', async (t) => {
  await writeFile(project('good.ts'), chain)
  await writeFile(project('bad.ts'), chain.replace(`keyBy('customer')`, `keyBy('nobody')`))
  const compiler = join(checkout, 'node_modules', 'typescript', 'bin', 'tsc')
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'esnext', '--types', 'node']
  const compile = (file: string): Promise<string> => run(process.execPath, [compiler, ...options, file], { cwd: project() })
  await t.notThrowsAsync(compile('good.ts'))
  await t.throwsAsync(compile('bad.ts'), { message: /bad\.ts\(\d+,\d+\): error/ })
})

test('its command plans a TypeScript program, type-checked, in a process of its own', async (t) => {
  await writeFile(project('job.ts'), chain)
  await writeFile(project('wrong.ts'), chain.replace(`keyBy('customer')`, `keyBy('nobody')`))
  const command = (file: string): Promise<string> => run(process.execPath, [installed('operator/cli/main.js'), 'plan', file], { cwd: project() })
  t.regex(await command('job.ts'), /orders/)
  await t.throwsAsync(command('wrong.ts'), { message: /wrong\.ts:5: .*nobody/ })
})
