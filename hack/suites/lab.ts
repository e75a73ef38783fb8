import { dirname, join } from 'node:path'
import { apiServerDown, apiServerUp } from '../infra/kubernetes/apiserver.ts'
import { clusterDrivers, type ClusterDriver } from '../infra/kubernetes/driver.ts'
import { helm } from '../infra/helm.ts'
import { buildImage } from '../infra/image/build.ts'
import { brokerDown, brokerUp } from '../infra/kafka/broker.ts'
import { clusterDown, clusterUp } from '../infra/kafka/cluster.ts'
import { acquire } from '../infra/machine/lock.ts'
import { kubernetesBinaries } from '../infra/kubernetes/native/binaries.ts'
import { cacheRoot } from '../infra/machine/paths.ts'
import { installOperator, operatorRelease } from '../infra/operator.ts'
import type { Need } from './table.ts'

/** Environment variables by which tests find what is up. */
export type TestEnvironment = Readonly<Record<string, string>>

interface Component {
  readonly up: () => Promise<TestEnvironment>
  readonly down: () => Promise<void>
}

/** The infrastructure of a test run. Components stay up from suite to suite while they are needed. */
export class Lab implements AsyncDisposable {
  readonly #up = new Set<Need>()
  #lock: AsyncDisposable | undefined

  /** Brings up what is needed, takes down what is not, and says where it is. */
  async provide(needs: readonly Need[]): Promise<TestEnvironment> {
    for (const need of [...this.#up].filter((up) => !needs.includes(up))) await this.#takeDown(need)
    const environments: TestEnvironment[] = []
    for (const need of needs) {
      if (!this.#up.has(need)) await this.#prepare(need)
      environments.push(await components[need].up())
    }
    return merge(environments)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const need of [...this.#up].reverse()) await this.#takeDown(need)
    await this.#lock?.[Symbol.asyncDispose]()
  }

  /** One run at a time, and none begins with what a killed one has left. */
  async #prepare(need: Need): Promise<void> {
    this.#lock ??= await acquire(join(cacheRoot, 'run', 'test.lock'))
    this.#up.add(need) // before it is up, so that what came up halfway is taken down too
    await components[need].down()
  }

  async #takeDown(need: Need): Promise<void> {
    await components[need].down()
    this.#up.delete(need)
  }
}

const components: Readonly<Record<Need, Component>> = {
  broker: {
    up: async () => ({ STREAMJOB_TEST_KAFKA: (await brokerUp('test')).address }),
    down: () => brokerDown('test'),
  },
  brokers: {
    up: async () => ({ STREAMJOB_TEST_KAFKA_CLUSTER: (await clusterUp()).address }),
    down: clusterDown,
  },
  apiserver: {
    up: async () => {
      const server = await apiServerUp('test', { audit: true })
      return { STREAMJOB_TEST_KUBECONFIG: server.kubeconfig, STREAMJOB_TEST_AUDIT_LOG: server.auditLog ?? '', PATH: await kubernetesBinaries() }
    },
    down: () => apiServerDown('test'),
  },
  helm: { up: async () => ({ PATH: dirname(await helm()) }), down: async () => {} },
  native: wholeSystem(clusterDrivers.native),
  kind: wholeSystem(clusterDrivers.kind),
}

/** A cluster with a broker that its pods reach, our image and our chart. */
function wholeSystem(driver: ClusterDriver): Component {
  return {
    async up() {
      const cluster = await driver.up('test', { audit: true })
      const broker = await brokerUp('test', cluster.hostAddress)
      const image = await buildImage()
      await cluster.loadImage(image.archive)
      await installOperator(cluster, image)
      return {
        STREAMJOB_TEST_KUBECONFIG: cluster.kubeconfig,
        STREAMJOB_TEST_AUDIT_LOG: cluster.auditLog ?? '',
        STREAMJOB_TEST_KAFKA: broker.address,
        STREAMJOB_TEST_KAFKA_PODS: broker.podsAddress ?? '',
        STREAMJOB_TEST_IMAGE: image.name,
        STREAMJOB_TEST_OPERATOR_NAMESPACE: operatorRelease.namespace,
        PATH: [cluster.binaries, dirname(await helm())].join(':'),
      }
    },
    async down() {
      await brokerDown('test')
      await driver.down('test')
    },
  }
}

/** Directories of programs are put before the path that there is; all else has one giver. */
function merge(environments: readonly TestEnvironment[]): TestEnvironment {
  const directories = environments.flatMap(({ PATH }) => PATH ?? [])
  return { ...Object.assign({}, ...environments), PATH: [...new Set(directories), process.env['PATH']].join(':') }
}
