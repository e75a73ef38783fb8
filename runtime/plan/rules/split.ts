import type { SplitNode } from '../nodes.ts'
import { nameHint, namePattern } from '../uid.ts'
import type { Finding, Surroundings } from './findings.ts'
import { checkFunction } from './functions.ts'

/** Each branch has a name, and a predicate or what is left. */
export function checkSplit({ branches, otherwise }: SplitNode, { input }: Surroundings): readonly Finding[] {
  const names = [...branches.map(({ name }) => name), ...(otherwise === null ? [] : [otherwise])]
  const misnamed = names.filter((name) => !namePattern.test(name))
  const predicates = branches.flatMap(({ name, predicate }) =>
    checkFunction(predicate, input, 'boolean').map((finding) => ({ ...finding, at: name })),
  )
  if (branches.length === 0) return [{ kind: 'invalid', message: 'it has no branch with a predicate: { NAME: (value) => ... }' }]
  return [
    ...misnamed.map((name): Finding => ({ kind: 'invalid', at: name, message: `${JSON.stringify(name)} is not a name: ${nameHint}` })),
    ...predicates,
  ]
}
