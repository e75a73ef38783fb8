import { configMaps } from '../../kube/resources.ts'
import type { ProgramSource } from '../../resources/release.ts'
import { releaseHashes } from '../../resources/release.ts'
import { end, fails, next } from '../status/finding.ts'
import type { Step, Visit } from '../visit.ts'
import { found, known, place } from '../visit.ts'

/** Reads the program that the spec names, and its hashes. */
export const program: Step = {
  name: 'program',
  async run(visit) {
    if (visit.findings.has('ProgramValid') || visit.findings.has('Ready')) return keepCurrent(visit)
    const source = await sourceOf(visit)
    if (typeof source === 'string') {
      found(visit, fails('ProgramValid', 'ProgramMissing', source))
      return keepCurrent(visit)
    }
    visit.facts.program = { source, ...releaseHashes(visit.job.spec, visit.applicationId, source) }
    return next
  },
}

/** Without a program that can be read, what runs goes on as it is. */
function keepCurrent(visit: Visit) {
  visit.facts.program = null
  return known(visit, 'current') === null ? end : next
}

/** The program, or what is missing. */
async function sourceOf(visit: Visit): Promise<ProgramSource | string> {
  const { steps, inline, configMap, image, module } = visit.job.spec.program
  if (steps !== undefined) return { kind: 'steps', steps }
  if (inline !== undefined) return { kind: 'module', text: inline }
  if (configMap !== undefined) {
    const object = await visit.world.kube.find(configMaps, place(visit, configMap.name), { signal: visit.signal })
    const text = object?.data?.[configMap.key]
    if (object === null) return `the ConfigMap ${configMap.name} does not exist`
    return text === undefined ? `the ConfigMap ${configMap.name} has no key ${configMap.key}` : { kind: 'module', text }
  }
  // The schema asks for exactly one of the four, and for a module with an image.
  return { kind: 'image', image: image ?? '', module: module ?? '' }
}
