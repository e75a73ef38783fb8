import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stateOf, type BrokerOwner } from '../machine/paths.ts'
import { step } from '../progress.ts'
import { chooseKafkaDriver, kafkaDrivers, type KafkaDriver } from './driver.ts'
import type { BrokerSecurity } from './security.ts'
import { addressOf, brokerPorts, podsAddressOf, type BrokerSettings } from './settings.ts'

/** A running broker. */
export interface Broker {
  readonly driver: KafkaDriver
  readonly settings: BrokerSettings
  /** host:port for programs of this machine. */
  readonly address: string
  /** host:port for pods; null without such a listener. */
  readonly podsAddress: string | null
}

/**
 * Brings the owner's broker up, with its data of earlier runs; nothing happens when it runs as wanted. Other listeners cost a container its data.
 * @param podsHost Address of this machine as pods see it; null for no such listener.
 * @param security For the secured listeners as well. A broker that runs keeps the ones that it has.
 */
export async function brokerUp(owner: BrokerOwner, podsHost: string | null = null, security?: BrokerSecurity): Promise<Broker> {
  const earlier = await knownBroker(owner)
  const driver = earlier?.driver ?? (await chooseKafkaDriver())
  const port = brokerPorts[owner]
  const settings: BrokerSettings = {
    owner,
    directory: stateOf(owner, 'kafka'),
    port,
    pods: podsHost === null ? null : { host: podsHost, port: port + 2 },
    ...(security && { security }),
  }
  const broker = brokerOf(driver, settings)
  if (earlier && (await driver.isUp(earlier.settings))) {
    if (earlier.podsAddress === broker.podsAddress) return earlier
    await step('Kafka stopped, to change its listeners', () => driver.stop(earlier.settings, 'SIGTERM'))
    await driver.remove(earlier.settings)
  }
  await driver.prepare()
  await mkdir(settings.directory, { recursive: true })
  await writeFile(settingsFile(owner), JSON.stringify({ driver: driver.name, settings }))
  await step(`Kafka on ${broker.address}${broker.podsAddress ? `, for pods on ${broker.podsAddress}` : ''}`, () => driver.start(settings))
  return broker
}

/** Stops the owner's broker and deletes its data. */
export async function brokerDown(owner: BrokerOwner): Promise<void> {
  const broker = await knownBroker(owner)
  if (!broker) return
  await step('Kafka stopped', async () => {
    await broker.driver.stop(broker.settings, 'SIGKILL')
    await broker.driver.remove(broker.settings)
    await rm(broker.settings.directory, { recursive: true, force: true })
  })
}

/** The owner's broker when it runs. */
export async function runningBroker(owner: BrokerOwner): Promise<Broker | null> {
  const broker = await knownBroker(owner)
  return broker && (await broker.driver.isUp(broker.settings)) ? broker : null
}

/** Stops it, cleanly or as a crash would, and starts it with the same data. */
export async function restartBroker(owner: BrokerOwner, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  const broker = await knownBroker(owner)
  if (!broker) throw new Error(`there is no broker of ${owner}`)
  await broker.driver.stop(broker.settings, signal)
  await broker.driver.start(broker.settings)
}

async function knownBroker(owner: BrokerOwner): Promise<Broker | null> {
  if (!existsSync(settingsFile(owner))) return null
  const known = JSON.parse(await readFile(settingsFile(owner), 'utf8')) as { readonly driver: KafkaDriver['name']; readonly settings: BrokerSettings }
  return brokerOf(kafkaDrivers[known.driver], known.settings)
}

const brokerOf = (driver: KafkaDriver, settings: BrokerSettings): Broker => ({
  driver,
  settings,
  address: addressOf(settings),
  podsAddress: podsAddressOf(settings),
})

const settingsFile = (owner: BrokerOwner): string => join(stateOf(owner, 'kafka'), 'broker.json')
