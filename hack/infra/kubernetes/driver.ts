import { dockerRuns } from './docker.ts'
import { MissingComponent } from '../machine/missing.ts'
import type { Owner } from '../machine/paths.ts'
import { kindDriver } from './kind/driver.ts'
import { nativeDriver } from './native/driver.ts'

/** A Kubernetes cluster of this machine, for as long as it is up. Whoever uses it does not know how it is made. */
export interface Cluster {
  readonly driver: ClusterDriver['name']
  /** A file of its own; the user's current context is never touched. */
  readonly kubeconfig: string
  /** Directory of a kubectl that fits. */
  readonly binaries: string
  /** Address of this machine as pods see it; processes may listen on it. */
  readonly hostAddress: string
  /** The API server's audit log; null when it was not asked for, or cannot be read. */
  readonly auditLog: string | null
  /** Makes an image archive known to all nodes. */
  loadImage(archive: string): Promise<void>
}

/** A way to run a cluster. */
export interface ClusterDriver {
  readonly name: 'kind' | 'native'
  /** Brings the owner's cluster up; nothing happens when it is. Throws MissingComponent when it cannot be had, or belongs to somebody else. */
  up(owner: Owner, options: ClusterOptions): Promise<Cluster>
  /** Removes it with all that is in it. */
  down(owner: Owner): Promise<void>
  /** The owner's cluster when it is up. */
  running(owner: Owner): Promise<Cluster | null>
}

export interface ClusterOptions {
  /** Log who did what to which object. */
  readonly audit?: boolean
}

/** The drivers by name. */
export const clusterDrivers: Readonly<Record<ClusterDriver['name'], ClusterDriver>> = { kind: kindDriver, native: nativeDriver }

/** kind where Docker runs, else native on Linux as root. STREAMJOB_CLUSTER_DRIVER decides otherwise. */
export async function chooseClusterDriver(): Promise<ClusterDriver> {
  const wished = process.env['STREAMJOB_CLUSTER_DRIVER']
  if (wished !== undefined && wished !== 'kind' && wished !== 'native') {
    throw new MissingComponent('a cluster', `STREAMJOB_CLUSTER_DRIVER is ${wished}; it may be kind or native.`)
  }
  if (wished) return clusterDrivers[wished]
  if (await dockerRuns()) return kindDriver
  if (process.platform === 'linux' && process.getuid?.() === 0) return nativeDriver
  throw new MissingComponent('a Kubernetes cluster', 'start Docker, or run this as root on Debian or Ubuntu.')
}
