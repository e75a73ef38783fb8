import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { step } from '../progress.ts'
import { attempt, run } from '../machine/shell.ts'
import { canConnect, waitUntil } from '../machine/wait.ts'
import { kafkaVersion } from './artefacts.ts'
import type { KafkaDriver } from './driver.ts'
import { addressOf, brokerProperties, kafkaClusterId, podsAddressOf, securedAddressesOf, type BrokerSettings } from './settings.ts'

/** Kafka's own image, where Docker runs. */
export const containerDriver: KafkaDriver = {
  name: 'container',

  async prepare() {
    if ((await attempt('docker', ['image', 'inspect', image])).code !== 0)
      await step(`image ${image}`, () => run('docker', ['pull', '--quiet', image]))
  },

  async start(settings) {
    const { directory, port, security } = settings
    await mkdir(directory, { recursive: true })
    // Inside the container the listeners are bound to all addresses; clients use the published ones.
    await writeFile(
      join(directory, 'server.properties'),
      brokerProperties(settings, '/var/lib/kafka/data', () => '0.0.0.0'),
    )
    const name = containerOf(settings)
    const known = (await attempt('docker', ['container', 'inspect', name])).code === 0
    if (known) await run('docker', ['start', name])
    else {
      const addresses = [addressOf(settings), podsAddressOf(settings), ...(security ? Object.values(securedAddressesOf(settings)) : [])]
      const published = addresses.flatMap((address) => (address === null ? [] : ['-p', `${address}:${address.replace(/^.*:/, '')}`]))
      const mounted = ['-v', `${join(directory, 'server.properties')}:/mnt/shared/config/server.properties:ro`]
      const env = ['-e', `CLUSTER_ID=${kafkaClusterId}`, '-e', 'KAFKA_HEAP_OPTS=-Xms512m -Xmx512m']
      await run('docker', ['run', '-d', '--name', name, ...published, ...mounted, ...env, image])
    }
    await waitUntil('the broker', () => canConnect('127.0.0.1', port), 120_000)
    await waitUntil('an answer of the broker', async () => (await attempt('docker', await apiVersions(settings))).code === 0, 60_000)
  },

  async stop(settings, signal) {
    const verb = signal === 'SIGKILL' ? ['kill'] : ['stop', '--time', '30']
    await attempt('docker', [...verb, containerOf(settings)])
  },

  async isUp(settings) {
    const { stdout } = await attempt('docker', ['container', 'inspect', '--format', '{{.State.Running}}', containerOf(settings)])
    return stdout.trim() === 'true'
  },

  async remove(settings) {
    await attempt('docker', ['rm', '--force', '--volumes', containerOf(settings)])
  },

  tool: async (settings, toolClass, args) => [
    'docker',
    ['exec', '-i', containerOf(settings), '/opt/kafka/bin/kafka-run-class.sh', toolClass, ...args],
  ],
}

const image = `apache/kafka:${kafkaVersion}`

const containerOf = ({ owner }: BrokerSettings): string => `streamjob-kafka-${owner}`

/** The port is Docker's own proxy: it is open before the broker is. */
async function apiVersions(settings: BrokerSettings): Promise<readonly string[]> {
  const [, args] = await containerDriver.tool(settings, 'org.apache.kafka.tools.BrokerApiVersionsCommand', [
    '--bootstrap-server',
    addressOf(settings),
  ])
  return args
}
