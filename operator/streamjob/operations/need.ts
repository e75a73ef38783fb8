import type { JobRecord } from '../../../runtime/protocol.ts'
import { canonicalJson } from '../../resources/hash.ts'
import { compareQuantities } from '../../resources/quantity.ts'
import type { OperationKind } from './table.ts'

/** What is wanted and what is there. */
export interface NeedInput {
  readonly suspend: boolean
  readonly parallelism: number
  readonly standbys: number
  /** The release that the spec asks for; null: none that could be planned. */
  readonly wanted: { readonly hash: string; readonly codeHash: string; readonly fingerprint: string } | null
  readonly record: JobRecord | null
  readonly identity: JobRecord['identity']
  /** As the topics are now; null while they are not as the program needs them. */
  readonly stages: JobRecord['stages'] | null
  /** Of the StatefulSet; null: there is none. */
  readonly statefulSet: { readonly replicas: number; readonly releaseHash: string | null; readonly volumeSize: string | null } | null
  /** What the spec asks for; null: no volume. */
  readonly volumeSize: string | null
}

/** The operation that brings the job closer to what is wanted. */
export interface Need {
  readonly kind: OperationKind
  readonly from: number
  readonly to: number
  readonly release: string | null
  /** Of GrowVolumes: what each volume is to become. */
  readonly volumeSize?: string
}

/** Which operation is needed next; null: none, or none that could be begun now. Pure. */
export function neededOperation(input: NeedInput): Need | null {
  const { suspend, parallelism, wanted, record, statefulSet, stages } = input
  const replicas = statefulSet?.replicas ?? 0
  const from = Math.max(record?.parallelism ?? 0, replicas)
  if (suspend) {
    const stopped = replicas === 0 && (record === null || record.mode === 'stop')
    return stopped ? null : { kind: 'Suspend', from, to: record?.parallelism ?? 0, release: null }
  }
  if (wanted === null) return null
  const need = (kind: OperationKind): Need => ({ kind, from, to: parallelism, release: wanted.hash })
  if (record === null || record.mode === 'stop' || statefulSet === null) return stages === null ? null : need('Start')
  if (statefulSet.releaseHash !== wanted.hash) return stages === null ? null : need('Upgrade')
  if (record.parallelism !== parallelism || replicas !== parallelism) return need('Rescale')
  if (!isRecorded(input, wanted, record)) return need('Rescale')
  const { volumeSize } = input
  if (volumeSize === null || statefulSet.volumeSize === null) return null
  return (compareQuantities(volumeSize, statefulSet.volumeSize) ?? 0) === 0 ? null : { ...need('GrowVolumes'), volumeSize }
}

function isRecorded(
  { identity, stages, standbys }: NeedInput,
  { codeHash, fingerprint }: NonNullable<NeedInput['wanted']>,
  record: JobRecord,
): boolean {
  const recorded = {
    identity: record.identity,
    codeHash: record.codeHash,
    fingerprint: record.planFingerprint,
    stages: record.stages,
    standbys: record.standbys,
  }
  return canonicalJson(recorded) === canonicalJson({ identity, codeHash, fingerprint, stages: stages ?? record.stages, standbys })
}
