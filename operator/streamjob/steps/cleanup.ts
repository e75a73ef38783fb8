import { labels } from '../../../crds/names.ts'
import { configMaps } from '../../kube/resources.ts'
import { objectNames } from '../../resources/names.ts'
import { isOwned } from '../../resources/object.ts'
import { next } from '../status/finding.ts'
import { removePlanners } from '../planning.ts'
import type { Step, Visit } from '../visit.ts'
import { known, place } from '../visit.ts'

/** Removes what a job that has settled no longer needs: planning pods, and releases older than the one before the current. */
export const cleanup: Step = {
  name: 'cleanup',
  async run(visit) {
    if (visit.findings.get('ProgramValid')?.reason !== 'Planning') await removePlanners(visit, null)
    const current = known(visit, 'current')
    const memory = visit.world.memory.of(visit.owner.uid)
    if (current === null || memory.cleanedFor === current.hash) return next
    await removeOldReleases(visit, [current.hash, known(visit, 'wanted')?.hash ?? current.hash])
    memory.cleanedFor = current.hash
    return next
  },
}

async function removeOldReleases(visit: Visit, inUse: readonly string[]): Promise<void> {
  const { kube, memory } = visit.world
  const { owner, signal } = visit
  const { ensured, releases } = memory.of(owner.uid)
  const selection = { namespace: owner.namespace, labelSelector: `${labels.job}=${owner.name},${labels.component}=worker` }
  const { items } = await kube.list(configMaps, selection, { signal })
  const prefix = objectNames.release(owner.name, '')
  const others = items
    .filter(
      (object) => isOwned(object, owner) && object.metadata.name.startsWith(prefix) && !inUse.includes(object.metadata.name.slice(prefix.length)),
    )
    .toSorted((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? 1 : -1))
  for (const { metadata } of others.slice(1)) {
    // First, as the answer may be lost: a program that comes back soon must not be believed to have its files still.
    ensured.delete(`${configMaps.plural}/${metadata.name}`)
    releases.delete(metadata.name.slice(prefix.length))
    await kube.delete(configMaps, place(visit, metadata.name), { signal, uid: metadata.uid })
  }
}
