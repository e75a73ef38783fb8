import { configMaps, networkPolicies, podDisruptionBudgets, serviceAccounts, services } from '../../kube/resources.ts'
import { podDisruptionBudget, service, serviceAccount } from '../../resources/companions.ts'
import { networkPolicy } from '../../resources/network-policy.ts'
import { releaseConfigMap } from '../../resources/release-configmap.ts'
import { ensure, ensureExists } from '../ensure.ts'
import { next } from '../finding.ts'
import type { Step } from '../visit.ts'
import { known } from '../visit.ts'

/** Everything that the workers need to be there before they are. */
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
    return next
  },
}
