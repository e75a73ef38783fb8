import type { PlanResult } from '../../../runtime/protocol.ts'
import { configMaps } from '../../kube/resources.ts'
import { objectNames } from '../../resources/names.ts'
import { isOwned } from '../../resources/object.ts'
import type { Release } from '../../resources/release.ts'
import { podSettings } from '../../resources/release.ts'
import { bytesOf, mostData, releaseConfigMap, releaseOf } from '../../resources/release-configmap.ts'
import { programFiles } from '../../resources/worker-config.ts'
import type { Finding } from '../status/finding.ts'
import { end, endFor, fails, holds, next, unknown } from '../status/finding.ts'
import { planInPod, removePlanners, type Unplanned } from '../planning.ts'
import type { Step, Visit } from '../visit.ts'
import { found, known, place } from '../visit.ts'

/**
 * From the program to a release: stages, topics and image. Planned once per hash: the release stands in an immutable ConfigMap. Until the spec's own
 * program is planned, and when it can't be, what runs goes on as it is.
 */
export const plan: Step = {
  name: 'plan',
  async run(visit) {
    const program = known(visit, 'program')
    if (program === null) {
      visit.facts.wanted = (await pinnedRelease(visit)) ?? known(visit, 'current')
      return next
    }
    const stored = await storedRelease(visit, program.hash)
    const outcome = stored === null ? await planned(visit) : { release: stored }
    if ('release' in outcome) {
      found(visit, holds('ProgramValid', 'Planned', summary(outcome.release)))
      const pinned = await pinnedRelease(visit)
      visit.facts.wanted = pinned ?? outcome.release
      visit.facts.begunFor = pinned
      visit.facts.newer = pinned === null || pinned.hash === outcome.release.hash ? null : outcome.release
      return next
    }
    found(visit, outcome.finding)
    visit.facts.wanted = (await pinnedRelease(visit)) ?? known(visit, 'current')
    if (visit.facts.wanted !== null) return next
    return outcome.againMs === undefined ? end : endFor(outcome.againMs)
  },
}

type PlanOutcome = { readonly release: Release } | Unplanned

async function planned(visit: Visit): Promise<PlanOutcome> {
  const program = known(visit, 'program')
  if (program === null) throw new Error('planned without a program')
  const { world, owner, job, applicationId } = visit
  const memory = world.memory.of(owner.uid)
  if (memory.planned?.hash !== program.hash) {
    memory.planned = null
    const tooLarge = sizeProblem(programFiles(job.spec, applicationId, program.source))
    if (tooLarge !== null) return { finding: tooLarge }
    if (program.source.kind === 'steps') {
      memory.planned = { hash: program.hash, result: world.planSteps(program.source.steps), image: world.settings.runtimeImage }
    } else {
      const answer = await planInPod(visit, program)
      if ('finding' in answer) return answer
      memory.planned = { hash: program.hash, ...answer }
    }
  }
  const { result, image } = memory.planned
  switch (result.kind) {
    case 'planned': {
      const release = { hash: program.hash, codeHash: program.codeHash, image, plan: result, pods: podSettings(job.spec) }
      const tooLarge = sizeProblem(releaseConfigMap(owner, job.spec, applicationId, program.source, release).data ?? {})
      if (tooLarge === null) return { release }
      await removePlanners(visit, null)
      return { finding: tooLarge }
    }
    case 'invalid':
      await removePlanners(visit, null)
      return { finding: fails('ProgramValid', result.reason, problemsText(result)) }
    case 'pending':
      return { finding: unknown('ProgramValid', 'Planning', 'the program is being planned') }
  }
}

/** What the API server would say to the files of a pod, said before anything is touched for them; null when they fit. */
function sizeProblem(files: Readonly<Record<string, string>>): Finding | null {
  const bytes = bytesOf(files)
  if (bytes <= mostData) return null
  const what = `the program and what belongs to it take ${bytes} bytes; the ConfigMap that the pods read them from holds at most ${mostData}`
  return fails('ProgramValid', 'PlanError', `${what}. Make the program smaller, or build it into an image (spec.program.image)`)
}

/** The release that the operation under way was begun for: it is carried through to its end, whatever the spec says meanwhile. */
async function pinnedRelease(visit: Visit): Promise<Release | null> {
  const hash = visit.operation?.inputs?.['release']
  return hash === undefined ? null : await storedRelease(visit, hash)
}

async function storedRelease(visit: Visit, hash: string): Promise<Release | null> {
  const current = known(visit, 'current')
  if (current?.hash === hash) return current
  const { world, owner, signal } = visit
  const releases = world.memory.of(owner.uid).releases
  const remembered = releases.get(hash)
  if (remembered !== undefined) return remembered
  const configMap = await world.kube.find(configMaps, place(visit, objectNames.release(owner.name, hash)), { signal })
  return configMap !== null && isOwned(configMap, owner) ? releaseOf(configMap) : null
}

/** At most five problems, each on a line of its own with file, line or path. */
function problemsText({ problems }: Extract<PlanResult, { kind: 'invalid' }>): string {
  const lines = problems.slice(0, 5).map(({ file, line, path, message }) => {
    const where = [file === null ? null : line === null ? file : `${file}:${line}`, path].filter((part) => part !== null).join(' ')
    return where === '' ? message : `${where}: ${message}`
  })
  const more = problems.length - lines.length
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n')
}

function summary({ plan: { stages } }: Release): string {
  return stages.map(({ name, sourceTopic, sinks, feeds }) => `${sourceTopic ?? name} -> ${[...topicsOf(sinks), ...feeds].join(' and ')}`).join(', ')
}

function topicsOf(sinks: Release['plan']['stages'][number]['sinks']): readonly string[] {
  return [...new Set(sinks.map(({ topic }) => topic))]
}
