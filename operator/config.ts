import { parseArgs } from 'node:util'
import type { LogLevel } from './log.ts'

/** What the operator is told when it starts. */
export interface OperatorConfig {
  /** Namespaces whose StreamJobs are managed; null: all of them. */
  readonly namespaces: readonly string[] | null
  /** The image of workers whose program brings none, and of planning pods. */
  readonly runtimeImage: string
  /** Port of probes and metrics. */
  readonly httpPort: number
  readonly leaderElection: boolean
  readonly leaseName: string
  /** Where this operator lives. */
  readonly namespace: string
  readonly podName: string
  /** Names this installation in the annotation that claims a job; it must survive restarts and upgrades of the operator. */
  readonly operatorId: string
  /** Labels of the operator's pods, by which network policies let it in. */
  readonly podLabels: Readonly<Record<string, string>>
  /** Names the Kubernetes cluster in job records; null: the UID of the namespace kube-system. */
  readonly clusterId: string | null
  /** A kubeconfig file; null: the service account of the pod. */
  readonly kubeconfig: string | null
  /** The API server's address within the cluster. */
  readonly apiServer: { readonly host: string; readonly port: string }
  readonly logLevel: LogLevel
  /** Jobs worked on at once. */
  readonly workers: number
  /** Calls to the API server per second, sustained. */
  readonly qps: number
}

/** A setting that can't be used; the message names it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** The settings of operator/docs/settings.md: flag, variable, default, meaning. A flag wins over its variable. */
export const settings = {
  namespaces: { variable: 'STREAMJOB_NAMESPACES', fallback: '', meaning: 'Namespaces to manage, with commas between; empty: all.' },
  'runtime-image': { variable: 'STREAMJOB_RUNTIME_IMAGE', fallback: null, meaning: 'Image of workers and planning pods. Required.' },
  'http-port': { variable: 'STREAMJOB_HTTP_PORT', fallback: '8080', meaning: 'Port of /healthz, /readyz and /metrics.' },
  'leader-election': { variable: 'STREAMJOB_LEADER_ELECTION', fallback: 'true', meaning: 'Whether replicas elect one that works.' },
  'lease-name': { variable: 'STREAMJOB_LEASE_NAME', fallback: 'streamjob-operator', meaning: 'Name of the Lease.' },
  'operator-id': { variable: 'STREAMJOB_OPERATOR_ID', fallback: '', meaning: 'Name of this installation; empty: NAMESPACE/LEASE.' },
  'pod-labels': {
    variable: 'STREAMJOB_POD_LABELS',
    fallback: 'app.kubernetes.io/name=streamjob-operator',
    meaning: "Labels of the operator's pods, as k=v with commas between.",
  },
  'cluster-id': { variable: 'STREAMJOB_CLUSTER_ID', fallback: '', meaning: 'Name of the cluster in job records; empty: the UID of kube-system.' },
  kubeconfig: { variable: 'STREAMJOB_KUBECONFIG', fallback: '', meaning: 'A kubeconfig file; empty: the service account of the pod.' },
  'log-level': { variable: 'STREAMJOB_LOG_LEVEL', fallback: 'info', meaning: 'debug, info, warn or error.' },
  workers: { variable: 'STREAMJOB_WORKERS', fallback: '4', meaning: 'Jobs worked on at once.' },
  qps: { variable: 'STREAMJOB_QPS', fallback: '50', meaning: 'Calls to the API server per second, sustained.' },
} as const satisfies Record<string, { variable: string; fallback: string | null; meaning: string }>

/** Reads flags and variables; throws ConfigError. Pure. */
export function parseConfig(args: readonly string[], env: Readonly<Record<string, string | undefined>>): OperatorConfig {
  const value = reader(args, env)
  const namespace = env['POD_NAMESPACE'] ?? 'default'
  const leaseName = value('lease-name')
  return {
    namespaces: listOf(value('namespaces')),
    runtimeImage: required('runtime-image', value('runtime-image')),
    httpPort: integer('http-port', value('http-port'), 0, 65_535),
    leaderElection: boolean('leader-election', value('leader-election')),
    leaseName,
    namespace,
    podName: env['POD_NAME'] ?? env['HOSTNAME'] ?? 'streamjob-operator',
    operatorId: value('operator-id') || `${namespace}/${leaseName}`,
    podLabels: labelsOf(value('pod-labels')),
    clusterId: value('cluster-id') || null,
    kubeconfig: value('kubeconfig') || null,
    apiServer: { host: env['KUBERNETES_SERVICE_HOST'] ?? '', port: env['KUBERNETES_SERVICE_PORT'] ?? '443' },
    logLevel: logLevel(value('log-level')),
    workers: integer('workers', value('workers'), 1, 64),
    qps: integer('qps', value('qps'), 1, 10_000),
  }
}

type Setting = keyof typeof settings

function reader(args: readonly string[], env: Readonly<Record<string, string | undefined>>): (name: Setting) => string {
  const options = Object.fromEntries(Object.keys(settings).map((name) => [name, { type: 'string' as const }]))
  let flags: Readonly<Record<string, string | boolean | undefined>>
  try {
    flags = parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error))
  }
  return (name) => {
    const flag = flags[name]
    return typeof flag === 'string' ? flag : (env[settings[name].variable] ?? settings[name].fallback ?? '')
  }
}

function required(name: Setting, value: string): string {
  if (value === '') throw new ConfigError(`set --${name} or ${settings[name].variable}`)
  return value
}

function integer(name: Setting, value: string, least: number, most: number): number {
  const number = Number(value)
  if (!/^\d+$/.test(value) || number < least || number > most)
    throw new ConfigError(`--${name} is a whole number from ${least} to ${most}, not '${value}'`)
  return number
}

function boolean(name: Setting, value: string): boolean {
  if (value !== 'true' && value !== 'false') throw new ConfigError(`--${name} is true or false, not '${value}'`)
  return value === 'true'
}

function logLevel(value: string): LogLevel {
  if (value === 'debug' || value === 'info' || value === 'warn' || value === 'error') return value
  throw new ConfigError(`--log-level is debug, info, warn or error, not '${value}'`)
}

function listOf(value: string): readonly string[] | null {
  const items = value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
  return items.length === 0 ? null : items
}

function labelsOf(value: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (listOf(value) ?? []).map((pair) => {
      const [name = '', label] = pair.split('=', 2)
      if (name === '' || label === undefined) throw new ConfigError(`--pod-labels has k=v with commas between, not '${pair}'`)
      return [name, label]
    }),
  )
}
