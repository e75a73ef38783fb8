import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { daemon, startDaemon, stopDaemon } from '../machine/daemon.ts'
import { canConnect, waitUntil } from '../machine/wait.ts'
import { brokerCommand, formatStorage, javaFlags, kafkaClassArchive, kafkaClassPath } from './artefacts.ts'
import type { KafkaDriver } from './driver.ts'
import { brokerProperties, log4jProperties, type BrokerSettings } from './settings.ts'

/** Kafka as a process of this machine. */
export const jarsDriver: KafkaDriver = {
  name: 'jars',

  async prepare() {
    await kafkaClassArchive(await kafkaClassPath('kafka_2.13'))
    await kafkaClassPath('kafka-tools')
  },

  async start(settings) {
    const { directory, port } = settings
    const classPath = await kafkaClassPath('kafka_2.13')
    const archive = await kafkaClassArchive(classPath)
    if (await canConnect('127.0.0.1', port)) throw new Error(`port ${port} is taken by another program: end it, or choose another port`)
    await mkdir(directory, { recursive: true })
    await writeFile(join(directory, 'server.properties'), brokerProperties(settings, join(directory, 'log')))
    await writeFile(join(directory, 'log4j2.properties'), log4jProperties)
    if (!existsSync(join(directory, 'log', 'meta.properties'))) await formatStorage(classPath, directory)
    const heap = settings.quorum ? '256m' : '512m'
    const flags = [...javaFlags, `-Xms${heap}`, `-Xmx${heap}`, `-XX:SharedArchiveFile=${archive}`]
    startDaemon(directory, 'broker', 'java', [...flags, ...brokerCommand(classPath, directory)])
    await waitUntil('the broker', () => canConnect('127.0.0.1', port), 60_000, { directory, names: ['broker'] })
  },

  stop: ({ directory }: BrokerSettings, signal) => stopDaemon(directory, 'broker', signal, 30_000),

  isUp: async ({ directory }) => daemon(directory, 'broker') !== null,

  remove: async () => {},

  async tool(settings, toolClass, args) {
    const classPath = await kafkaClassPath('kafka-tools')
    await writeFile(join(settings.directory, 'tools-log4j2.properties'), 'rootLogger.level=ERROR\n')
    const logging = `-Dlog4j2.configurationFile=${join(settings.directory, 'tools-log4j2.properties')}`
    return ['java', [...javaFlags, '-Xmx512m', logging, '-cp', classPath, toolClass, ...args]]
  },
}
