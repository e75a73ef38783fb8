import { persistentVolumeClaims, type PersistentVolumeClaim, type Stored } from '../kube/resources.ts'
import { parseClaimName } from '../resources/volume.ts'
import { isOwned, workerSelector } from '../resources/object.ts'
import type { Visit } from './visit.ts'

/** The claims of the job's workers. Those that somebody else has made under such a name are not among them, and never touched. */
export async function ownClaims({ world, owner, signal }: Visit): Promise<readonly Stored<PersistentVolumeClaim>[]> {
  const selection = { namespace: owner.namespace, labelSelector: workerSelector(owner.name) }
  const { items } = await world.kube.list(persistentVolumeClaims, selection, { signal })
  return items.filter((claim) => isOwned(claim, owner) && parseClaimName(owner.name, claim.metadata.name) !== null)
}
