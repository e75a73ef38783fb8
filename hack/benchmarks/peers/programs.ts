/** The other systems of the side-by-side bench, as processes to start. */
import { join } from 'node:path'
import { classPath, jvmPeers } from './jvm.ts'
import type { PeerRequest } from './request.ts'

export type PeerSystem = keyof typeof jvmPeers | 'kafkajs'

export interface PeerCommand {
  readonly command: string
  readonly args: readonly string[]
  /** To be added to the environment. */
  readonly env: Readonly<Record<string, string>>
}

/**
 * How a system is started on a request. Libraries are fetched and programs compiled at the first use, which takes a minute or two.
 * Throws MissingComponent where Maven or a JDK is missing.
 */
export async function peerCommand(system: PeerSystem, request: PeerRequest): Promise<PeerCommand> {
  const argument = JSON.stringify(request)
  if (system === 'kafkajs') {
    return { command: process.execPath, args: [join(import.meta.dirname, 'kafkajs.ts'), argument], env: { NODE_OPTIONS: '' } }
  }
  const peer = jvmPeers[system]
  const flags = [...heap, ...logging, ...peer.flags]
  return { command: 'java', args: [...flags, '-cp', await classPath(peer), peer.mainClass, argument], env: {} }
}

/** Does what takes long at the first use. */
export async function preparePeer(system: PeerSystem): Promise<void> {
  if (system !== 'kafkajs') await classPath(jvmPeers[system])
}

/** Of one size from the start, as for a server. Both compilers, and the collector that the JVM chooses: the serial one where it has a single core. */
const heap = ['-Xms1g', '-Xmx1g']

/** To standard error. */
const logging = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']

/** Name -> version of every peer. */
export const peerVersions: Readonly<Record<string, string>> = {
  'Kafka Streams': jvmPeers['kafka-streams'].version,
  Flink: jvmPeers.flink.version,
  'kafka-clients': jvmPeers['plain-java'].version,
  kafkajs: '2.2.4',
}
