import type { StreamJobSpec } from '../../crds/streamjob.ts'
import type { ConfigMap } from '../kube/resources.ts'
import { objectNames } from './names.ts'
import type { Owner } from './object.ts'
import { ownedMetadata } from './object.ts'
import type { ProgramSource, Release } from './release.ts'
import { decodeRelease, encodeRelease } from './release.ts'
import { programFiles } from './worker-config.ts'

/** Everything that workers of a release read, and the release itself, immutable under its own name: a restarted operator need not plan again. */
export function releaseConfigMap(owner: Owner, spec: StreamJobSpec, applicationId: string, program: ProgramSource, release: Release): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: ownedMetadata(owner, objectNames.release(owner.name, release.hash)),
    immutable: true,
    data: { ...programFiles(spec, applicationId, program), [releaseFile]: encodeRelease(release) },
  }
}

/** The most that the API server takes as the data of one ConfigMap, in bytes. */
export const mostData = 1_048_576

/** The size of a ConfigMap's data as the API server counts it, in bytes. */
export function bytesOf(data: Readonly<Record<string, string>>): number {
  return Object.values(data).reduce((sum, text) => sum + Buffer.byteLength(text), 0)
}

/** The release that a ConfigMap holds; null when it holds none that this operator can read. */
export function releaseOf(configMap: ConfigMap): Release | null {
  return decodeRelease(configMap.data?.[releaseFile] ?? '')
}

const releaseFile = 'release.json'
