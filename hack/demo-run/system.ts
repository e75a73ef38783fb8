import { join } from 'node:path'
import { chooseClusterDriver, type Cluster } from '../infra/kubernetes/driver.ts'
import { buildImage, type Image } from '../infra/image/build.ts'
import { brokerDown, brokerUp, runningBroker, type Broker } from '../infra/kafka/broker.ts'
import { installOperator } from '../infra/operator.ts'
import { step } from '../infra/progress.ts'
import { run } from '../infra/machine/shell.ts'

/** Everything that the demo's job needs to be there. */
export interface System {
  readonly cluster: Cluster
  readonly broker: Broker
  /** Runs kubectl on the demo's cluster and returns its output. */
  readonly kubectl: (args: readonly string[], input?: string) => Promise<string>
}

/** Brings cluster, broker and operator up; what is up already stays. */
export async function systemUp(): Promise<System> {
  const cluster = await (await chooseClusterDriver()).up('demo', {})
  const broker = await brokerUp('demo', cluster.hostAddress)
  const image = await buildImage()
  const system = systemOf(cluster, broker)
  if (!(await isLoaded(system, image))) await step(`image ${image.name} loaded into the cluster`, () => cluster.loadImage(image.archive))
  await installOperator(cluster, image)
  await system.kubectl(['apply', '-f', '-'], JSON.stringify(kafkaName(broker)))
  return system
}

/** What is up of it. */
export async function runningParts(): Promise<{ readonly cluster: Cluster | null; readonly broker: Broker | null }> {
  return { cluster: await (await chooseClusterDriver()).running('demo'), broker: await runningBroker('demo') }
}

/** Of parts that are up. */
export const systemOf = (cluster: Cluster, broker: Broker): System => ({
  cluster,
  broker,
  kubectl: (args, input) =>
    run(join(cluster.binaries, 'kubectl'), ['--kubeconfig', cluster.kubeconfig, ...args], input === undefined ? {} : { input }),
})

/** Removes all of it. */
export async function systemDown(): Promise<void> {
  await brokerDown('demo')
  await (await chooseClusterDriver()).down('demo')
}

/** Whether every node says that it has the image. */
async function isLoaded(system: System, image: Image): Promise<boolean> {
  const { items } = JSON.parse(await system.kubectl(['get', 'nodes', '-o', 'json'])) as { readonly items: readonly NodeJson[] }
  return items.every(({ status }) => status.images?.some(({ names }) => names?.includes(image.name)) ?? false)
}

interface NodeJson {
  readonly status: { readonly images?: readonly { readonly names?: readonly string[] }[] }
}

/** The Service `kafka` in the namespace `kafka` stands for the broker, which runs outside of the cluster. */
function kafkaName({ settings }: Broker): object {
  if (settings.pods === null) throw new Error('the broker has no listener for pods')
  const metadata = { name: 'kafka', namespace: 'kafka' }
  const ports = (port: object): object[] => [{ name: 'kafka', protocol: 'TCP', ...port }]
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: metadata.namespace } },
      { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: ports({ port: 9092, targetPort: settings.pods.port }) } },
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { ...metadata, labels: { 'kubernetes.io/service-name': metadata.name } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [settings.pods.host] }],
        ports: ports({ port: settings.pods.port }),
      },
    ],
  }
}
