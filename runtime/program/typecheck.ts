/** Type-checks one program with the native compiler, as strictly as our own code. */
import { execFile } from 'node:child_process'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve, sep } from 'node:path'
import { StreamJobError } from '../errors.ts'

/** An error that the compiler found in the author's files. */
export interface Diagnostic {
  readonly file: string
  /** From 1. */
  readonly line: number
  /** The compiler's number: 2322 for TS2322. */
  readonly code: number
  readonly message: string
}

export interface TypecheckOptions {
  readonly signal?: AbortSignal
  /** A directory that may be written to; the program's own may be read-only. @default the system's */
  readonly tempDir?: string
}

/** The type errors of a program and what it imports, without those of libraries. Throws `internal` when the compiler itself cannot run. */
export async function typecheck(path: string, options: TypecheckOptions = {}): Promise<readonly Diagnostic[]> {
  await using folder = await mkdtempDisposable(join(options.tempDir ?? tmpdir(), 'streamjob-typecheck-'))
  const project = join(folder.path, 'tsconfig.json')
  await writeFile(project, JSON.stringify(projectOf(resolve(path))))
  const { code, output } = await runCompiler(['--project', project, '--pretty', 'false'], options.signal)
  if (code === 0) return []
  const diagnostics = parseDiagnostics(output)
  if (diagnostics.length === 0) throw new StreamJobError('internal', `the TypeScript compiler failed: ${output.trim() || `exit code ${code}`}`)
  return diagnostics.filter((diagnostic) => isAuthors(diagnostic.file))
}

/** What the compiler prints without colours: `FILE(LINE,COLUMN): error TS2322: MESSAGE`, and indented lines that go on. */
export function parseDiagnostics(output: string): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  for (const line of output.split('\n')) {
    const match = /^(.+?)\((\d+),\d+\): error TS(\d+): (.*)$/.exec(line)
    const last = diagnostics.at(-1)
    if (match) {
      diagnostics.push({ file: resolve('/', match[1] ?? ''), line: Number(match[2]), code: Number(match[3]), message: match[4] ?? '' })
    } else if (last && /^\s+\S/.test(line)) {
      diagnostics[diagnostics.length - 1] = { ...last, message: `${last.message}\n${line.trimEnd()}` }
    }
  }
  return diagnostics
}

/** The root of this package. */
const root = resolve(import.meta.dirname, import.meta.url.endsWith('.ts') ? '../..' : '../../..')

function projectOf(program: string): object {
  const ownIndex = import.meta.url.endsWith('.ts') ? '../index.ts' : '../index.d.ts'
  return {
    compilerOptions: { ...compilerOptions, typeRoots: typeRoots(), paths: { streamjob: [resolve(import.meta.dirname, ownIndex)] } },
    files: [program],
  }
}

/**
 * Those of our own tsconfig.json that decide what is accepted. Every file is an ES module, whatever package.json lies beside it: Node finds
 * that out by itself when it loads the program.
 */
export const compilerOptions = {
  target: 'esnext',
  module: 'esnext',
  moduleResolution: 'bundler',
  lib: ['esnext'],
  types: ['node'],
  strict: true,
  noEmit: true,
  erasableSyntaxOnly: true,
  verbatimModuleSyntax: true,
  allowImportingTsExtensions: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noFallthroughCasesInSwitch: true,
  isolatedModules: true,
  skipLibCheck: true,
  resolveJsonModule: true,
  /** Of JavaScript, syntax only. */
  allowJs: true,
} as const

/** Where `@types/node` lies: it is a dependency of this package, so it is found wherever the package manager put it. */
function typeRoots(): readonly string[] {
  return [dirname(dirname(require.resolve('@types/node/package.json')))]
}

const require = createRequire(import.meta.url)

function isAuthors(file: string): boolean {
  if (file.includes(`${sep}node_modules${sep}`)) return false
  return ![join(root, 'runtime'), join(root, 'crds')].some((own) => file.startsWith(own + sep))
}

async function runCompiler(args: readonly string[], signal: AbortSignal | undefined): Promise<{ readonly code: number; readonly output: string }> {
  const compiler = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc')
  const { promise, resolve: settle, reject } = Promise.withResolvers<{ readonly code: number; readonly output: string }>()
  execFile(process.execPath, [compiler, ...args], { cwd: '/', maxBuffer: 4 << 20, ...(signal && { signal }) }, (error, stdout, stderr) => {
    if (error === null) settle({ code: 0, output: stdout })
    else if (typeof error.code === 'number') settle({ code: error.code, output: stdout + stderr })
    else reject(error)
  })
  return promise
}
