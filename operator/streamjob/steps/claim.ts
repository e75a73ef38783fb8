import { annotations, finalizers } from '../../../crds/names.ts'
import { next } from '../status/finding.ts'
import type { Step } from '../visit.ts'
import { streamJobs } from '../visit.ts'

/**
 * Takes the job: annotation and finalizer in one write, against the version that was read, so that of two operators one loses. A job that another
 * operator has claimed is left alone, status included.
 */
export const claim: Step = {
  name: 'claim',
  async run(visit) {
    const { metadata } = visit.job
    const { operatorId } = visit.world.settings
    const claimedBy = metadata.annotations[annotations.claimedBy]
    if (claimedBy === operatorId && metadata.finalizers.includes(finalizers.kafka)) return next
    const body = {
      metadata: {
        resourceVersion: metadata.resourceVersion,
        annotations: { [annotations.claimedBy]: operatorId },
        finalizers: [...new Set([...metadata.finalizers, finalizers.kafka])],
      },
    }
    visit.stored = await visit.world.kube.patch(streamJobs, metadata, { kind: 'merge', body }, { signal: visit.signal })
    return next
  },
}

/** The operator that has claimed the job; null when it is this one or none. */
export function foreignClaim(
  job: { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } },
  operatorId: string,
): string | null {
  const claimedBy = job.metadata.annotations?.[annotations.claimedBy]
  return claimedBy === undefined || claimedBy === operatorId ? null : claimedBy
}
