import { annotations, labels } from '../../../crds/names.ts'
import { configMaps, pods, statefulSets } from '../../kube/resources.ts'
import { objectNames } from '../../resources/names.ts'
import { isOwned } from '../../resources/object.ts'
import { releaseOf } from '../../resources/release-configmap.ts'
import { end, fails, next } from '../status/finding.ts'
import type { Step, Visit } from '../visit.ts'
import { found, place } from '../visit.ts'

/** Looks at what runs: StatefulSet, pods, and the release that the StatefulSet was made from. */
export const observe: Step = {
  name: 'observe',
  async run(visit) {
    const { kube } = visit.world
    const { owner, signal, facts } = visit
    const [statefulSet, list] = await Promise.all([
      kube.find(statefulSets, place(visit, objectNames.statefulSet(owner.name)), { signal }),
      kube.list(pods, { namespace: owner.namespace, labelSelector: `${labels.job}=${owner.name}` }, { signal }),
    ])
    if (statefulSet !== null && !isOwned(statefulSet, owner)) {
      found(visit, fails('WorkersReady', 'PodsRefused', `the StatefulSet ${owner.name} exists and does not belong to this job; it is not touched`))
      return end
    }
    facts.statefulSet = statefulSet
    facts.pods = list.items
    const hash = statefulSet === null ? betweenSets(visit) : statefulSet.spec?.template.metadata?.annotations?.[annotations.restartHash]
    facts.current = await currentRelease(visit, hash)
    return next
  },
}

/** The release of a StatefulSet that is being made anew: a job that has none for a moment is no new job. */
function betweenSets({ operation }: Visit): string | undefined {
  return operation?.kind === 'Upgrade' || operation?.kind === 'GrowVolumes' ? operation.inputs?.['release'] : undefined
}

async function currentRelease(visit: Visit, hash: string | undefined) {
  if (hash === undefined) return null
  const { world, owner, signal } = visit
  const known = world.memory.of(owner.uid).releases.get(hash)
  if (known !== undefined) return known
  const configMap = await world.kube.find(configMaps, place(visit, objectNames.release(owner.name, hash)), { signal })
  const release = configMap !== null && isOwned(configMap, owner) ? releaseOf(configMap) : null
  if (release !== null) world.memory.of(owner.uid).releases.set(hash, release)
  return release
}
