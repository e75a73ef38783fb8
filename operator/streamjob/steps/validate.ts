import { ForbiddenPatch } from '../../resources/template-patch.ts'
import { podTemplate } from '../../resources/stateful-set.ts'
import { end, fails, next } from '../status/finding.ts'
import { unsupportedFields } from '../unsupported.ts'
import type { Step, Visit } from '../visit.ts'
import { found, known } from '../visit.ts'

/** What a schema can't say: fields that this version does not carry out, and pod templates that reach for what is not the author's. */
export const validate: Step = {
  name: 'validate',
  async run(visit) {
    const problem = forbiddenPatch(visit) ?? unsupported(visit)
    if (problem === null) return next
    found(visit, problem)
    // A job that runs goes on as it is; only what the spec newly asks for is refused.
    return known(visit, 'current') === null ? end : next
  },
}

function unsupported({ job }: Visit) {
  const fields = unsupportedFields(job.spec)
  if (fields.length === 0) return null
  return fails('ProgramValid', 'NotSupportedYet', `this version does not carry out: ${fields.join(', ')}`)
}

function forbiddenPatch({ job, owner }: Visit) {
  const plan = { kind: 'planned' as const, formatVersion: 1 as const, fingerprint: '', explain: '', stages: [] }
  try {
    podTemplate(owner, job.spec, { hash: '', codeHash: '', image: '', plan, pods: null }, 1)
    return null
  } catch (error) {
    if (error instanceof ForbiddenPatch) return fails('Ready', 'SpecInvalid', error.message)
    throw error
  }
}
