import { workerContainer } from '../../crds/names.ts'
import type { ConfigMap, Pod } from '../kube/resources.ts'
import { objectNames } from './names.ts'
import type { Owner } from './object.ts'
import { ownedMetadata } from './object.ts'
import { restrictedPod, runtimeContainer, runtimeVolumes } from './pod.ts'

/** A program about to be planned. */
export interface Draft {
  readonly hash: string
  readonly codeHash: string
  readonly image: string
  /** config.json, and program.ts where the program is text. */
  readonly files: Readonly<Record<string, string>>
}

/** From the kubelet's first sight of the pod, image pull included, in seconds. */
export const planningDeadlineSeconds = 600

/**
 * A short-lived pod that loads a program and serves its plan: no API token, no Kafka credentials, one CPU, a deadline. It runs the author's code, so
 * that the operator never does.
 */
export function planningPod(owner: Owner, draft: Draft): Pod {
  const name = objectNames.planner(owner.name, draft.hash)
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: ownedMetadata(owner, name, 'planner'),
    spec: {
      ...restrictedPod,
      restartPolicy: 'Never',
      activeDeadlineSeconds: planningDeadlineSeconds,
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          ...runtimeContainer('plan', draft.image, draft.codeHash),
          resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { cpu: '1', memory: '1Gi' } },
        },
      ],
      volumes: runtimeVolumes(name),
    },
  }
}

/** The files of a planning pod; removed with it. */
export function planningConfigMap(owner: Owner, draft: Draft): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: ownedMetadata(owner, objectNames.planner(owner.name, draft.hash), 'planner'),
    immutable: true,
    data: draft.files,
  }
}

/**
 * The image that a pod ran, by digest: what the kubelet resolved, when it names the same repository. Images loaded into a node by hand have no
 * digest that could be pulled; they stay as they were asked for.
 */
export function pinnedImage(asked: string, pod: Pod): string {
  const imageId = pod.status?.containerStatuses?.find((status) => status.name === workerContainer)?.imageID ?? ''
  const [repository, digest] = imageId.replace(/^docker-pullable:\/\//, '').split('@')
  if (digest === undefined || !/^sha256:[0-9a-f]{64}$/.test(digest) || asked.includes('@')) return asked
  return repository === canonicalRepository(asked) ? `${repository}@${digest}` : asked
}

/** The repository of an image reference with registry and namespace filled in as the container runtimes do. */
function canonicalRepository(image: string): string {
  const untagged = image.replace(/:[^:/]+$/, '')
  const [first = '', ...rest] = untagged.split('/')
  if (rest.length === 0) return `docker.io/library/${first}`
  return first.includes('.') || first.includes(':') || first === 'localhost' ? untagged : `docker.io/${untagged}`
}
