import type { StreamJobSpec } from '../../crds/streamjob.ts'
import { PlanResult } from '../../runtime/protocol.ts'
import { contentHash } from './hash.ts'
import type { Volume } from './volume.ts'

/** A program as the author gave it, with references read. */
export type ProgramSource =
  | { readonly kind: 'steps'; readonly steps: readonly unknown[] }
  /** `inline`, or the text that a ConfigMap held when it was read. */
  | { readonly kind: 'module'; readonly text: string }
  | { readonly kind: 'image'; readonly image: string; readonly module: string }

export type Planned = Extract<PlanResult, { kind: 'planned' }>

/** A program made ready to run: what was planned, and the image that runs it. Immutable; kept in a ConfigMap named by `hash`. */
export interface Release {
  /** Of everything whose change restarts the workers; not of the operator's own version, which never does. */
  readonly hash: string
  /** Of the program alone; the job record names it, and a worker with another one does no work. */
  readonly codeHash: string
  /** What the workers run, by digest where one is known. */
  readonly image: string
  readonly plan: Planned
  /** What its pods are made of; null in a release of an operator that did not keep it. */
  readonly pods: PodSettings | null
}

/** The part of a spec that goes into pods. Kept with the release, as the spec may be another one by the time that the pods are made. */
export interface PodSettings {
  readonly kafka: Pick<StreamJobSpec['kafka'], 'tls' | 'sasl'>
  readonly env: StreamJobSpec['program']['env']
  readonly resources?: StreamJobSpec['pod']['resources']
  readonly podSpec?: NonNullable<StreamJobSpec['pod']['template']>['spec']
  /** Of its size the one that the spec asks for now counts. */
  readonly volume?: Volume
}

export function podSettings({ kafka: { tls, sasl }, program: { env }, pod: { resources, template }, state }: StreamJobSpec): PodSettings {
  return {
    kafka: { ...(tls && { tls }), ...(sasl && { sasl }) },
    env,
    ...(resources && { resources }),
    ...(template?.spec && { podSpec: template.spec }),
    ...(state.volume && { volume: state.volume }),
  }
}

/** The hashes of the release that a spec asks for; known before it is planned. */
export function releaseHashes(
  spec: StreamJobSpec,
  applicationId: string,
  program: ProgramSource,
): { readonly hash: string; readonly codeHash: string } {
  const { kafka, processing, errors, pod, program: declared, state } = spec
  const codeHash = contentHash(program)
  const connection = { brokers: kafka.brokers, tls: kafka.tls, sasl: kafka.sasl }
  const hash = contentHash({
    codeHash,
    env: declared.env,
    applicationId,
    connection,
    processing,
    errors,
    resources: pod?.resources,
    podSpec: pod?.template?.spec,
    // Workers grow into a larger volume as they are; without one there are no snapshots to be taken.
    volume: state.volume && { storageClassName: state.volume.storageClassName, snapshotInterval: state.snapshotInterval },
  })
  return { hash, codeHash }
}

/** Hash of what goes into a pod template without restarting anything: labels and annotations. */
export function templateMetadataHash(spec: StreamJobSpec): string {
  return contentHash(spec.pod?.template?.metadata ?? {})
}

/** The release as it is stored beside the worker's configuration. */
export function encodeRelease(release: Release): string {
  return JSON.stringify({ formatVersion: 1, ...release })
}

/** Null when the text is not a release of a format that this operator reads; it is then planned again. */
export function decodeRelease(text: string): Release | null {
  const value = parseJson(text)
  if (value === null || value['formatVersion'] !== 1) return null
  const { hash, codeHash, image } = value
  const plan = PlanResult.safeParse(value['plan'])
  if (typeof hash !== 'string' || typeof codeHash !== 'string' || typeof image !== 'string' || !plan.success || plan.data.kind !== 'planned')
    return null
  // Whoever may write the ConfigMap may write the StatefulSet too: what stands in it is ours.
  return { hash, codeHash, image, plan: plan.data, pods: (value['pods'] as PodSettings | undefined) ?? null }
}

function parseJson(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : null
  } catch {
    return null
  }
}
