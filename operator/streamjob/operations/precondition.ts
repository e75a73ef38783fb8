import { KubeError } from '../../kube/errors.ts'
import type { ObjectMeta } from '../../kube/resources.ts'
import { statefulSets } from '../../kube/resources.ts'
import { objectNames } from '../../resources/names.ts'
import type { Visit } from '../visit.ts'
import { known, place } from '../visit.ts'

/**
 * What a write of the StatefulSet's spec says in its metadata, so that an operator that stood still for longer than its lease does not write over its
 * successor: the version as of now. Throws a Conflict when the spec is not the one that this visit has decided upon. What the set's own controller
 * writes meanwhile is status, and no conflict. Empty while there is no StatefulSet.
 */
export async function precondition(visit: Visit): Promise<Pick<ObjectMeta, 'uid' | 'resourceVersion'>> {
  const at = place(visit, objectNames.statefulSet(visit.owner.name))
  const decidedUpon = known(visit, 'statefulSet')?.metadata
  const now = (await visit.world.kube.find(statefulSets, at, { signal: visit.signal }))?.metadata
  if (now?.uid !== decidedUpon?.uid || now?.generation !== decidedUpon?.generation) {
    const message = 'somebody else has written its spec since this visit has read it'
    throw new KubeError(`write statefulsets ${at.namespace}/${at.name}`, { status: 409, reason: 'Conflict', message })
  }
  return now === undefined ? {} : { uid: now.uid, resourceVersion: now.resourceVersion }
}
