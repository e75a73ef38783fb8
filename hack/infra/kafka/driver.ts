import { dockerRuns } from '../kubernetes/docker.ts'
import { MissingComponent } from '../machine/missing.ts'
import { which } from '../machine/shell.ts'
import { containerDriver } from './container.ts'
import { jarsDriver } from './jars.ts'
import type { BrokerSettings } from './settings.ts'

/** A way to run one Kafka broker. */
export interface KafkaDriver {
  readonly name: 'jars' | 'container'
  /** Fetches what it runs, so that `start` is quick. */
  prepare(): Promise<void>
  /** Starts a broker that is stopped and waits until it answers. The data of an earlier run is kept. */
  start(settings: BrokerSettings): Promise<void>
  stop(settings: BrokerSettings, signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
  isUp(settings: BrokerSettings): Promise<boolean>
  /** Deletes what lies outside the settings' directory; a stopped broker then starts without its data. */
  remove(settings: BrokerSettings): Promise<void>
  /** The command line of one of Kafka's own tools, by its class. */
  tool(settings: BrokerSettings, toolClass: string, args: readonly string[]): Promise<readonly [command: string, args: readonly string[]]>
}

/** The drivers by name. */
export const kafkaDrivers: Readonly<Record<KafkaDriver['name'], KafkaDriver>> = { jars: jarsDriver, container: containerDriver }

/** Kafka's jars where Java and Maven are, else its container where Docker runs. STREAMJOB_KAFKA_DRIVER decides otherwise. */
export async function chooseKafkaDriver(): Promise<KafkaDriver> {
  const wished = process.env['STREAMJOB_KAFKA_DRIVER']
  if (wished !== undefined && wished !== 'jars' && wished !== 'container') {
    throw new MissingComponent('Kafka', `STREAMJOB_KAFKA_DRIVER is ${wished}; it may be jars or container.`)
  }
  if (wished) return kafkaDrivers[wished]
  if ((await which('java')) && (await which('mvn'))) return jarsDriver
  if (await dockerRuns()) return containerDriver
  throw new MissingComponent('Kafka', 'install Java 17 or newer and Maven, or start Docker.')
}
