import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import test from 'ava'
import { conditionTypes } from '../../crds/conditions.ts'
import { customResourceDefinitions } from '../../crds/crd.ts'
import { reasonTable } from '../../crds/reasons.ts'
import { fieldsOf } from '../../crds/schema/fields.ts'
import { generatedFiles } from '../../hack/generated-files.ts'

const root = new URL('../../', import.meta.url)
const run = promisify(execFile)

for (const { path, content } of generatedFiles()) {
  test(`${path} is what node hack/generate.ts makes`, async (t) => {
    t.true((await readFile(new URL(path, root), 'utf8')) === content, `run node hack/generate.ts: ${path} differs`)
  })
}

test('node hack/generate.ts --check agrees', async (t) => {
  await t.notThrowsAsync(run(process.execPath, ['hack/generate.ts', '--check'], { cwd: root }))
})

test('both definitions together are smaller than 100 kB', (t) => {
  const sizes = generatedFiles()
    .filter(({ path }) => path.startsWith('crds/') && path.endsWith('.yaml'))
    .map(({ content }) => Buffer.byteLength(content))
  t.is(sizes.length, 2)
  t.true(sizes.reduce((sum, size) => sum + size, 0) < 100_000)
})

for (const { spec } of customResourceDefinitions()) {
  test(`every field of ${spec.names.kind} is described`, (t) => {
    const { properties } = spec.versions[0]!.schema.openAPIV3Schema
    const fields = [...fieldsOf(properties!['spec']!, 'spec'), ...fieldsOf(properties!['status']!, 'status')]
    t.true(fields.length > 10)
    t.deepEqual(
      fields.filter(({ meaning }) => meaning === '').map(({ path }) => path),
      [],
    )
  })
}

test('the reference names every field, condition and reason', async (t) => {
  const page = await readFile(new URL('crds/reference.md', root), 'utf8')
  for (const { spec } of customResourceDefinitions()) {
    for (const part of ['spec', 'status']) {
      for (const { path } of fieldsOf(spec.versions[0]!.schema.openAPIV3Schema.properties![part]!, part))
        t.true(page.includes(`| \`${path}\` |`), path)
    }
  }
  for (const name of [...conditionTypes, ...Object.keys(reasonTable)]) t.true(page.includes(`| \`${name}\` |`), name)
})
