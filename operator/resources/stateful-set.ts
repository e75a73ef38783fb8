import { annotations, workerContainer } from '../../crds/names.ts'
import type { StreamJobSpec } from '../../crds/streamjob.ts'
import type { StatefulSet } from '../kube/resources.ts'
import { kafkaSecretMounts, kafkaSecretVolumes } from './kafka-secrets.ts'
import { objectNames } from './names.ts'
import type { Owner } from './object.ts'
import { labelsOf, ownedMetadata, selectorLabels } from './object.ts'
import { restrictedPod, runtimeContainer, runtimeVolumes } from './pod.ts'
import type { PodSettings, Release } from './release.ts'
import { podSettings, templateMetadataHash } from './release.ts'
import { applyTemplatePatch } from './template-patch.ts'
import { claimsOf, stateMount } from './volume.ts'

type SetSpec = NonNullable<StatefulSet['spec']>
type PodTemplate = SetSpec['template']
type Container = NonNullable<PodTemplate['spec']>['containers'][number]

/** On a pod template: hash of the labels and annotations that the author asked for. */
export const templateMetadataAnnotation = 'streamjob.dev/template-metadata-hash'

/**
 * The workers. Pods start and stop all at once, and nothing but the operator replaces them: what restarts workers is decided by the release's hash, not
 * by a difference in the template. Throws ForbiddenPatch.
 */
export function statefulSet(owner: Owner, spec: StreamJobSpec, release: Release, { replicas, epoch, over, volumeSize }: SetOptions): StatefulSet {
  const { volume } = release.pods ?? podSettings(spec)
  const size = volumeSize ?? spec.state.volume?.size
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: ownedMetadata(owner, objectNames.statefulSet(owner.name)),
    spec: {
      serviceName: objectNames.service(owner.name),
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'OnDelete' },
      revisionHistoryLimit: 2,
      replicas,
      selector: { matchLabels: selectorLabels(owner.name, 'worker') },
      template: podTemplate(owner, spec, release, epoch),
      ...(over ? keptClaims(over) : claimsOf(owner, volume && { ...volume, ...(size !== undefined && { size }) })),
    },
  }
}

/** What a StatefulSet is beside its release. */
export interface SetOptions {
  readonly replicas: number
  readonly epoch: number
  /** The one that it is written over, with claims of the same kind: what those are made from stays. */
  readonly over?: StatefulSet | null
  /** Size of new claims; otherwise what the spec asks for. */
  readonly volumeSize?: string
}

function keptClaims({ spec: { volumeClaimTemplates, persistentVolumeClaimRetentionPolicy } = {} as SetSpec }: StatefulSet): Partial<SetSpec> {
  return {
    ...(volumeClaimTemplates && { volumeClaimTemplates }),
    ...(persistentVolumeClaimRetentionPolicy && { persistentVolumeClaimRetentionPolicy }),
  }
}

/** The pod template of a release, with the author's patch applied. Only labels and annotations are those that the spec asks for now. */
export function podTemplate(owner: Owner, spec: StreamJobSpec, release: Release, epoch: number): PodTemplate {
  const settings = release.pods ?? podSettings(spec)
  const template: PodTemplate = {
    metadata: {
      labels: labelsOf(owner.name, 'worker'),
      annotations: {
        [annotations.restartHash]: release.hash,
        [annotations.epoch]: String(epoch),
        [templateMetadataAnnotation]: templateMetadataHash(spec),
      },
    } as PodTemplate['metadata'] & object,
    spec: {
      ...restrictedPod,
      // To look at every file of a large volume before each start would take long: the root tells whose they are.
      ...(settings.volume && { securityContext: { ...restrictedPod.securityContext, fsGroupChangePolicy: 'OnRootMismatch' } }),
      serviceAccountName: objectNames.serviceAccount(owner.name),
      terminationGracePeriodSeconds: 30,
      topologySpreadConstraints: [
        {
          topologyKey: 'kubernetes.io/hostname',
          maxSkew: 1,
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: { matchLabels: selectorLabels(owner.name, 'worker') },
        },
      ],
      containers: [workerContainerOf(owner, settings, release)],
      volumes: [...runtimeVolumes(objectNames.release(owner.name, release.hash)), ...kafkaSecretVolumes(settings.kafka)],
    },
  }
  const { metadata } = spec.pod.template ?? {}
  const patch = { ...(metadata && { metadata }), ...(settings.podSpec && { spec: settings.podSpec }) }
  const patched = applyTemplatePatch({ ...template }, patch, workerContainer)
  // A strategic merge of JSON onto a pod template is a pod template; the API server checks the fields.
  return ownLabelsKept(patched as unknown as PodTemplate, template)
}

function workerContainerOf(owner: Owner, { kafka, env, resources, volume }: PodSettings, release: Release): Container {
  const container = runtimeContainer('worker', release.image, release.codeHash)
  return {
    ...container,
    env: [...(container.env ?? []), { name: 'STREAMJOB_JOB_UID', value: owner.uid }, ...(env as NonNullable<Container['env']>)],
    volumeMounts: [...(container.volumeMounts ?? []), ...kafkaSecretMounts(kafka), ...(volume ? [stateMount] : [])],
    resources: (resources as Container['resources']) ?? { requests: { cpu: '100m', memory: '256Mi' } },
    startupProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 1, failureThreshold: startupSeconds, timeoutSeconds: 5 },
    livenessProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 10, failureThreshold: 3, timeoutSeconds: 5 },
    readinessProbe: { httpGet: { path: '/readyz', port: 'http' }, periodSeconds: 2, failureThreshold: 3, timeoutSeconds: 5 },
  } as Container
}

/**
 * How long a worker's process may take to answer for the first time. When a full node starts many at once each gets a small share of its processors: to
 * kill those that take long would make all of them begin again, for ever. A process that can't start ends by itself.
 */
const startupSeconds = 600

/** The author may add labels and annotations, not change ours. */
function ownLabelsKept(patched: PodTemplate, ours: PodTemplate): PodTemplate {
  return {
    ...patched,
    metadata: {
      ...patched.metadata,
      labels: { ...patched.metadata?.labels, ...ours.metadata?.labels },
      annotations: { ...patched.metadata?.annotations, ...ours.metadata?.annotations },
    } as PodTemplate['metadata'] & object,
  }
}
