import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { typecheck } from '../../runtime/program/typecheck.ts'

test('programs that are right compile, with the types that flow through them', async (t) => {
  for (const file of ['accepts.ts', 'accepts-state.ts', 'accepts-split.ts']) t.deepEqual(await typecheck(join(import.meta.dirname, file)), [], file)
})

test('programs that are wrong do not compile, and the compiler says why in words', async (t) => {
  const text = await readFile(join(import.meta.dirname, 'rejects.ts'), 'utf8')
  const folder = await mkdtemp(join(tmpdir(), 'streamjob-types-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const copy = join(folder, 'rejects.ts')
  await writeFile(copy, text.replaceAll('@ts-expect-error', 'rejected:'))

  const diagnostics = await typecheck(copy)

  const lines = text.split('\n')
  const marked = lines.flatMap((line, index) => (line.startsWith('// @ts-expect-error ') ? [{ line: index + 2, words: line.slice(20) }] : []))
  t.true(marked.length > 20)
  t.deepEqual(
    diagnostics.map(({ line }) => line),
    marked.map(({ line }) => line),
  )
  for (const [index, { line, words }] of marked.entries()) {
    const message = diagnostics[index]?.message ?? ''
    t.true(message.includes(words), `line ${line} says: ${message}\nand not: ${words}`)
  }
})
