/** The volumes on which workers keep snapshots of their state: one claim for each ordinal, made by the controller of StatefulSets. */
import { apiVersion, kinds } from '../../crds/names.ts'
import type { State } from '../../crds/spec/state.ts'
import { paths } from '../../runtime/config.ts'
import type { PersistentVolumeClaim, StatefulSet } from '../kube/resources.ts'
import type { Owner } from './object.ts'
import { labelsOf } from './object.ts'
import { parsePodName } from './names.ts'

/** What the claims of a job ask for. */
export type Volume = NonNullable<State['volume']>

type SetSpec = NonNullable<StatefulSet['spec']>
type ClaimTemplates = NonNullable<SetSpec['volumeClaimTemplates']>

const volumeName = 'state'

/** Where the worker's container sees its volume. */
export const stateMount = { name: volumeName, mountPath: paths.state } as const

/**
 * The part of a StatefulSet's spec that makes the claims; it can't be changed later. Every claim is born with the job as its owner, so it goes with the
 * job, whether or not the operator is there to see it; the StatefulSet itself never takes one away.
 */
export function claimsOf(owner: Owner, volume: Volume | undefined): Pick<SetSpec, 'volumeClaimTemplates' | 'persistentVolumeClaimRetentionPolicy'> {
  if (volume === undefined) return {}
  const metadata = {
    name: volumeName,
    labels: labelsOf(owner.name, 'worker'),
    ownerReferences: [{ apiVersion, kind: kinds.StreamJob.kind, name: owner.name, uid: owner.uid }],
  }
  const spec = {
    accessModes: ['ReadWriteOnce'],
    ...(volume.storageClassName !== undefined && { storageClassName: volume.storageClassName }),
    resources: { requests: { storage: volume.size } },
  }
  return {
    volumeClaimTemplates: [{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec }] as unknown as ClaimTemplates,
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
  }
}

/** What the claims that a StatefulSet makes ask for; undefined: it makes none. */
export function volumeOf(set: StatefulSet | null): Volume | undefined {
  const spec = set?.spec?.volumeClaimTemplates?.[0]?.spec
  if (spec === undefined) return undefined
  const { storageClassName } = spec
  return { size: sizeIn(spec) ?? '', ...(storageClassName !== undefined && { storageClassName }) }
}

/** Whether workers with the one volume can take over those of the other, apart from its size. */
export function isSameKind(a: Volume | undefined, b: Volume | undefined): boolean {
  return (a === undefined) === (b === undefined) && a?.storageClassName === b?.storageClassName
}

/** How much a claim asks for. */
export function sizeOf(claim: PersistentVolumeClaim): string | undefined {
  return sizeIn(claim.spec)
}

function sizeIn(spec: PersistentVolumeClaim['spec']): string | undefined {
  return (spec?.resources?.requests as Readonly<Record<string, string>> | undefined)?.['storage']
}

/** The claim of an ordinal. */
export function claimName(job: string, ordinal: number): string {
  return `${volumeName}-${job}-${ordinal}`
}

/** The ordinal whose claim has this name; null when it is not one of this job. */
export function parseClaimName(job: string, name: string): number | null {
  return name.startsWith(`${volumeName}-`) ? parsePodName(job, name.slice(volumeName.length + 1)) : null
}
