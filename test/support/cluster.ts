/** The cluster of the end-to-end tests, by kubectl as a user would. Found by the environment that `hack/test e2e` sets. */
import { randomUUID } from 'node:crypto'
import { spawn } from 'node:child_process'

/** A running system: cluster, broker, operator. */
export const testSystem = {
  /** host:port of the broker for this process, and for pods. */
  kafka: (): string => variable('STREAMJOB_TEST_KAFKA'),
  kafkaForPods: (): string => variable('STREAMJOB_TEST_KAFKA_PODS'),
  /** Name of the image that operator and workers run. */
  image: (): string => variable('STREAMJOB_TEST_IMAGE'),
  operatorNamespace: (): string => variable('STREAMJOB_TEST_OPERATOR_NAMESPACE'),
} as const

/** A Kubernetes object as read: what a test looks at is its business. */
export interface KubeJson {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid: string
    readonly annotations?: Readonly<Record<string, string>>
    readonly labels?: Readonly<Record<string, string>>
    readonly [field: string]: unknown
  }
  readonly spec?: Readonly<Record<string, unknown>>
  readonly status?: Readonly<Record<string, unknown>>
}

/** A namespace of the cluster. */
export class Namespace {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  /** A new one with a name of its own. */
  static async create(prefix = 'e2e'): Promise<Namespace> {
    const name = `${prefix}-${randomUUID().slice(0, 8)}`
    await kubectl(['create', 'namespace', name])
    return new Namespace(name)
  }

  /** Deletes it with all that is in it; waits for the end only when asked to. */
  async delete(options: { readonly wait?: boolean } = {}): Promise<void> {
    await kubectl(['delete', 'namespace', this.name, '--ignore-not-found', `--wait=${options.wait ?? false}`])
  }

  /** Runs kubectl in the namespace and returns its output. */
  kubectl(args: readonly string[], input?: string): Promise<string> {
    return kubectl(['--namespace', this.name, ...args], input)
  }

  /** Applies YAML text, or objects. */
  async apply(manifest: string | object): Promise<void> {
    await this.kubectl(['apply', '-f', '-'], typeof manifest === 'string' ? manifest : JSON.stringify(manifest))
  }

  /** The object, or null when there is none. */
  async get(resource: string, name: string): Promise<KubeJson | null> {
    const text = await this.kubectl(['get', resource, name, '-o', 'json', '--ignore-not-found'])
    return text.trim() === '' ? null : (JSON.parse(text) as KubeJson)
  }

  async list(resource: string, selector?: string): Promise<readonly KubeJson[]> {
    const text = await this.kubectl(['get', resource, '-o', 'json', ...(selector === undefined ? [] : ['-l', selector])])
    return (JSON.parse(text) as { readonly items: readonly KubeJson[] }).items
  }

  /** Merges the patch into the object. */
  async patch(resource: string, name: string, patch: object): Promise<void> {
    await this.kubectl(['patch', resource, name, '--type=merge', '-p', JSON.stringify(patch)])
  }

  /** Output of a command in the pod's first container. */
  exec(pod: string, command: readonly string[]): Promise<string> {
    return this.kubectl(['exec', pod, '--', ...command])
  }

  logs(pod: string, options: { readonly previous?: boolean } = {}): Promise<string> {
    return this.kubectl(['logs', pod, ...(options.previous ? ['--previous'] : [])])
  }

  /** JSON that a pod answers over HTTP: `/status` of a worker at its control port. Goes through kubectl's proxy of pods, so no port is opened. */
  async fetchJson(pod: string, port: number, path: string): Promise<unknown> {
    return JSON.parse(await kubectl(['get', '--raw', `/api/v1/namespaces/${this.name}/pods/${pod}:${port}/proxy${path}`]))
  }

  /** Whether the condition of the object has the status, `True` unless told otherwise. */
  async hasCondition(resource: string, name: string, type: string, status = 'True'): Promise<boolean> {
    return (await this.condition(resource, name, type))?.status === status
  }

  /** The condition of the object; null when object or condition is not there. */
  async condition(resource: string, name: string, type: string): Promise<Condition | null> {
    const conditions = (await this.get(resource, name))?.status?.['conditions']
    return Array.isArray(conditions) ? ((conditions as readonly Condition[]).find((condition) => condition.type === type) ?? null) : null
  }
}

export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
}

/** Runs kubectl against the test cluster. Rejects with what it said. */
export function kubectl(args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('kubectl', ['--kubeconfig', variable('STREAMJOB_TEST_KUBECONFIG'), ...args], { stdio: 'pipe' })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.stdin.on('error', () => {}) // kubectl may end without reading
    child.stdin.end(input)
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(String(Buffer.concat(stdout)))
      else reject(new Error(`kubectl ${args.join(' ')}: ${String(Buffer.concat(stderr)).trim()}`))
    })
  })
}

function variable(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`${name} is not set: run hack/test e2e`)
  return value
}
