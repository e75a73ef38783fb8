import { isForbidden, isInvalid } from '../../kube/errors.ts'
import { configMaps, networkPolicies, podDisruptionBudgets, serviceAccounts, services, statefulSets } from '../../kube/resources.ts'
import { podDisruptionBudget, service, serviceAccount } from '../../resources/companions.ts'
import { networkPolicy } from '../../resources/network-policy.ts'
import { objectNames } from '../../resources/names.ts'
import type { Release } from '../../resources/release.ts'
import { podSettings } from '../../resources/release.ts'
import { isSameKind, volumeOf } from '../../resources/volume.ts'
import { releaseConfigMap } from '../../resources/release-configmap.ts'
import { statefulSet } from '../../resources/stateful-set.ts'
import { ensure, ensureExists } from '../ensure.ts'
import { fails, next } from '../status/finding.ts'
import type { Step, Visit } from '../visit.ts'
import { found, known } from '../visit.ts'

/** Everything that the workers need to be there before they are, and the API server's word that it would take them. */
export const release: Step = {
  name: 'release',
  async run(visit) {
    const { owner, applicationId, job, world } = visit
    const wanted = known(visit, 'wanted')
    if (wanted === null) return next
    await ensure(visit, serviceAccounts, serviceAccount(owner))
    await ensure(visit, services, service(owner))
    await ensure(visit, podDisruptionBudgets, podDisruptionBudget(owner))
    await ensure(visit, networkPolicies, networkPolicy(owner, world.settings.location))
    const program = known(visit, 'program')
    if (program?.hash === wanted.hash) {
      await ensureExists(visit, configMaps, releaseConfigMap(owner, job.spec, applicationId, program.source, wanted))
      world.memory.of(owner.uid).releases.set(wanted.hash, wanted)
    }
    const refusal = await refusalOf(visit, wanted)
    if (refusal !== null) {
      found(visit, fails('Ready', 'SpecInvalid', `the API server refuses the pods: ${refusal}`))
      // What runs goes on as it is.
      visit.facts.wanted = visit.facts.begunFor ?? known(visit, 'current')
    }
    return next
  },
}

/** Why the API server would not take the pods of a release, asked before a worker is stopped for it; null when it would. */
async function refusalOf(visit: Visit, wanted: Release): Promise<string | null> {
  const { world, owner, job, operation, signal } = visit
  const memory = world.memory.of(owner.uid)
  // What was begun is not asked about again.
  if (operation !== undefined && wanted !== visit.facts.newer) return null
  if (wanted.hash === known(visit, 'current')?.hash || memory.accepted === wanted.hash) return null
  const existing = known(visit, 'statefulSet')
  const over = existing !== null && isSameKind(volumeOf(existing), (wanted.pods ?? podSettings(job.spec)).volume) ? existing : null
  const asked = statefulSet(owner, job.spec, wanted, { replicas: 0, epoch: 1, over })
  // Where it will take the place of one with other volumes, the API server would see nothing but that those can't be changed.
  const name = existing !== null && over === null ? objectNames.planner(owner.name, wanted.hash) : asked.metadata.name
  try {
    await world.kube.apply(statefulSets, { ...asked, metadata: { ...asked.metadata, name } }, { force: true, dryRun: true, signal })
  } catch (error) {
    if (isForbidden(error) || (isInvalid(error) && error.status === 422)) return error.message
    // A webhook that can't be asked without an effect: it will say so when the pods are made.
    if (!isInvalid(error)) throw error
  }
  memory.accepted = wanted.hash
  return null
}
