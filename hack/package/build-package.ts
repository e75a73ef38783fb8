import { chmod, cp, glob, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { checkout } from '../infra/machine/paths.ts'
import { run } from '../infra/machine/shell.ts'

/** Makes the package to be published in the directory, which is emptied before. */
export async function buildPackage(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true })
  const compiler = join(checkout, 'node_modules', 'typescript', 'bin', 'tsc')
  await run(process.execPath, [compiler, '--project', join(import.meta.dirname, 'tsconfig.json'), '--outDir', directory])
  for await (const file of glob('**/*.d.ts', { cwd: directory })) await nameJavaScript(join(directory, file))
  for await (const file of glob(documents, { cwd: checkout })) {
    await mkdir(dirname(join(directory, file)), { recursive: true })
    await cp(join(checkout, file), join(directory, file))
  }
  const source = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8')) as SourceManifest
  const manifest = publishedManifest(source)
  await writeFile(join(directory, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  for (const file of Object.values(manifest.bin)) await chmod(join(directory, file), 0o755)
}

/** What of package.json is published, with paths of compiled files. */
export function publishedManifest(source: SourceManifest) {
  const { name, version, description, keywords, license, type, engines, exports, bin, dependencies } = source
  const about = { name, version, description, keywords, license, type, engines }
  return {
    ...about,
    exports: mapValues(exports, ({ types, default: file }) => ({ types: compiled(types, '.d.ts'), default: compiled(file, '.js') })),
    bin: mapValues(bin, (file) => compiled(file, '.js')),
    dependencies,
  }
}

/** package.json of the checkout, as far as it is published. */
export interface SourceManifest {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly keywords: readonly string[]
  readonly license: string
  readonly type: 'module'
  readonly engines: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string }>>
  readonly bin: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
}

/** What goes along as it is: what README.md links to, and the definitions of the resources. */
const documents = ['README.md', 'CHANGELOG.md', 'LICENSE', 'crds/*.yaml', 'crds/reference.md', 'runtime/docs/*.md', 'operator/docs/*.md']

/** The compiler rewrites the extensions of imports in JavaScript only; in declarations they would name files that are not there. */
async function nameJavaScript(file: string): Promise<void> {
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replaceAll(/((?:from |import\()['"]\.[^'"]*)\.ts(?=['"])/g, '$1.js'))
}

const compiled = (file: string, extension: string): string => file.replace(/\.ts$/, extension)

const mapValues = <V, W>(object: Readonly<Record<string, V>>, map: (value: V) => W): Record<string, W> =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]))
