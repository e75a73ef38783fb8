/** Our own lint rules, loaded by oxlint: see .oxlintrc.json. */
import { dirname, relative, resolve } from 'node:path'
import { whyForbidden } from './rooms.ts'

/** The little of a syntax tree that the rules look at. */
interface Syntax {
  readonly type: string
  readonly source?: (Syntax & { readonly value?: unknown }) | null
  readonly importKind?: string
  readonly exportKind?: string
  readonly object?: Syntax
  readonly property?: Syntax
  readonly name?: string
  readonly computed?: boolean
}

interface RuleContext {
  readonly filename: string
  readonly cwd: string
  report(problem: { readonly node: Syntax; readonly message: string }): void
}

/** Imports stay within the order of the rooms. */
const rooms = {
  create(context: RuleContext) {
    const from = relative(context.cwd, context.filename)
    const check = (node: Syntax): void => {
      const specifier = node.source?.value
      if (typeof specifier !== 'string') return
      const isPackage = !specifier.startsWith('.')
      const to = isPackage ? packageOf(specifier) : relative(context.cwd, resolve(dirname(context.filename), specifier))
      const typeOnly = node.importKind === 'type' || node.exportKind === 'type'
      const message = whyForbidden({ from, to, isPackage, typeOnly })
      if (message !== null) context.report({ node, message })
    }
    return { ImportDeclaration: check, ExportNamedDeclaration: check, ExportAllDeclaration: check, ImportExpression: check }
  },
}

/** Only a main.ts reads the environment, exits or handles signals. */
const mainOnly = {
  create(context: RuleContext) {
    const file = relative(context.cwd, context.filename)
    if (!/^(runtime|operator)\//.test(file) || file.endsWith('/main.ts')) return {}
    return {
      MemberExpression(node: Syntax) {
        const member = node.property?.name ?? ''
        if (node.object?.name !== 'process' || node.computed || !reserved.includes(member)) return
        context.report({ node, message: `only a main.ts uses process.${member}: take what is needed as a parameter` })
      },
    }
  },
}

const reserved = ['env', 'exit', 'exitCode', 'on', 'once', 'kill', 'abort']

const packageOf = (specifier: string): string =>
  specifier.startsWith('node:')
    ? specifier
    : specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/')

export default { meta: { name: 'streamjob' }, rules: { rooms, 'main-only': mainOnly } }
