import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { daemon, signalDaemon } from '../machine/daemon.ts'
import { MissingComponent } from '../machine/missing.ts'
import { stateOf } from '../machine/paths.ts'
import { step } from '../progress.ts'
import { which } from '../machine/shell.ts'
import type { Broker } from './broker.ts'
import { jarsDriver } from './jars.ts'
import { addressOf, type BrokerSettings } from './settings.ts'

/** Ids of the nodes. */
export const nodeIds = [1, 2, 3] as const
export type NodeId = (typeof nodeIds)[number]

const root = stateOf('test', 'kafka-cluster')

/** Where a node listens for clients. */
export const nodeAddress = (node: NodeId): string => addressOf(settingsOf(node))

/** The three as one, for Kafka's own tools: whichever of them answers. */
export const cluster: Broker = {
  driver: jarsDriver,
  settings: settingsOf(1),
  address: nodeIds.map(nodeAddress).join(','),
  podsAddress: null,
}

/**
 * Brings up a cluster of three nodes on this machine, for tests of what a single broker cannot have: leaders that move, a minority that is gone. It has the
 * tests as its only owner, and runs from Kafka's jars only.
 */
export async function clusterUp(): Promise<Broker> {
  if (!(await which('java')) || !(await which('mvn'))) {
    throw new MissingComponent('a cluster of three Kafka nodes', 'install Java 17 or newer and Maven; it does not run in containers.')
  }
  await jarsDriver.prepare()
  const absent = nodeIds.filter((node) => !isUp(node))
  if (absent.length > 0) await step(`Kafka's cluster on ${cluster.address}`, () => Promise.all(absent.map(startNode)))
  return cluster
}

/** Stops every node and deletes the data. */
export async function clusterDown(): Promise<void> {
  if (!existsSync(root)) return
  await step("Kafka's cluster stopped", async () => {
    await Promise.all(nodeIds.map((node) => stopNode(node, 'SIGKILL')))
    await rm(root, { recursive: true, force: true })
  })
}

/** Starts a node with its data of before and waits until it answers; that takes a second one that runs. */
export const startNode = (node: NodeId): Promise<void> => jarsDriver.start(settingsOf(node))

/** Ends a node cleanly or as a crash does, and waits until it is gone; a paused one can only be killed. */
export const stopNode = (node: NodeId, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => jarsDriver.stop(settingsOf(node), signal)

/** Stops a node in the middle of what it does, with all its connections open, or lets it go on. False: it does not run. */
export const holdNode = (node: NodeId, held: boolean): boolean => signalDaemon(settingsOf(node).directory, 'broker', held ? 'SIGSTOP' : 'SIGCONT')

const isUp = (node: NodeId): boolean => daemon(settingsOf(node).directory, 'broker') !== null

function settingsOf(node: NodeId): BrokerSettings {
  const voters = nodeIds.map((id) => `${id}@127.0.0.1:${portOf(id) + 1}`)
  return { owner: 'test', directory: join(root, `node-${node}`), port: portOf(node), pods: null, quorum: { node, voters } }
}

/** Between the brokers' own and the one of the trial run, and below 32768 as they are. */
function portOf(node: NodeId): number {
  return 19_700 + 10 * node
}
