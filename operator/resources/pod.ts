/** What the pods of a job have in common, worker or planner: the restricted profile, and how the program is mounted. */
import { nodeFlags, paths, ports } from '../../runtime/config.ts'
import { workerContainer } from '../../crds/names.ts'
import type { Pod } from '../kube/resources.ts'

type PodSpec = NonNullable<Pod['spec']>
type Container = PodSpec['containers'][number]

/** The user that every process of a job runs as; the group owns mounted secrets. */
export const uid = 10_001

/** The parts of a pod's spec that keep it within the restricted Pod Security Standard, with no way to the Kubernetes API. */
export const restrictedPod = {
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  securityContext: { runAsNonRoot: true, runAsUser: uid, runAsGroup: uid, fsGroup: uid, seccompProfile: { type: 'RuntimeDefault' } },
} as const satisfies Partial<PodSpec>

const restrictedContainer = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
} as const satisfies Container['securityContext']

/** The container that runs `main.ts` of the runtime with the release's files at hand. */
export function runtimeContainer(verb: 'worker' | 'plan', image: string, codeHash: string): Container {
  return {
    name: workerContainer,
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['node', ...(verb === 'worker' ? nodeFlags : []), `${paths.app}/runtime/main.ts`, verb],
    env: [
      { name: 'POD_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
      { name: 'STREAMJOB_CONFIG', value: paths.config },
      { name: 'STREAMJOB_CODE_HASH', value: codeHash },
    ],
    ports: [
      { name: 'http', containerPort: ports.http, protocol: 'TCP' },
      { name: 'control', containerPort: ports.control, protocol: 'TCP' },
    ],
    securityContext: restrictedContainer,
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      { name: 'job', mountPath: paths.job, readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  }
}

/** The volumes that `runtimeContainer` mounts; `configMap` holds the release or, while planning, its draft. */
export function runtimeVolumes(configMap: string): NonNullable<PodSpec['volumes']> {
  return [
    { name: 'job', configMap: { name: configMap, defaultMode: 0o444 } },
    { name: 'tmp', emptyDir: { sizeLimit: '256Mi' } },
  ]
}
