/** `node hack/generate.ts` writes all generated files; with `--check` it names those that differ and exits 1. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { generatedFiles } from './generated-files.ts'

const root = resolve(import.meta.dirname, '..')
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })

const changed = []
for (const file of generatedFiles()) {
  if ((await textOf(file.path)) !== file.content) changed.push(file)
}

if (values.check) {
  for (const file of changed) console.error(`${file.path} is not what \`node hack/generate.ts\` makes`)
  process.exitCode = changed.length === 0 ? 0 : 1
} else {
  for (const file of changed) {
    await mkdir(dirname(resolve(root, file.path)), { recursive: true })
    await writeFile(resolve(root, file.path), file.content)
    console.log(`wrote ${file.path}`)
  }
}

async function textOf(path: string): Promise<string | null> {
  return await readFile(resolve(root, path), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
}
