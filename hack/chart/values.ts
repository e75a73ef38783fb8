/** The values of the chart: the one source of values.yaml, values.schema.json and the table in the chart's README. */
import { z } from 'zod'
import { settings } from '../../operator/config.ts'
import { ports } from '../../runtime/config.ts'

const name = z.string().regex(/^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$/)
const text = z.record(z.string(), z.string())
/** A part of a Kubernetes object, which the API server checks. */
const part = z.record(z.string(), z.unknown())
const quantity = z.union([z.string().regex(/^[0-9.]+(m|k|Ki|M|Mi|G|Gi|T|Ti)?$/), z.number().min(0)])
const duration = z.string().regex(/^([0-9]+(ms|s|m|h))+$/)
/** Where the operator answers inside its pod. */
const operatorPort = Number(settings['http-port'].fallback)
const port = z.int().min(1).max(65_535)

const Image = z.strictObject({
  repository: z.string().min(1).default('ghcr.io/streamjob/streamjob').describe('Where the image of operator and workers is.'),
  tag: z
    .string()
    .regex(/^([\w][\w.-]{0,127})?$/)
    .default('')
    .describe("Its tag; empty: the chart's appVersion."),
  digest: z
    .string()
    .regex(/^(sha256:[0-9a-f]{64})?$/)
    .default('')
    .describe('Its digest, which wins over the tag: `sha256:...`.'),
  pullPolicy: z.enum(['IfNotPresent', 'Always', 'Never']).default('IfNotPresent').describe("When the operator's image is pulled."),
})

const Crds = z.strictObject({
  install: z
    .boolean()
    .default(true)
    .describe(
      'Install and upgrade the CustomResourceDefinitions. They always stay on uninstall, with every StreamJob. One release of a cluster has them.',
    ),
})

const ServiceAccount = z.strictObject({
  create: z.boolean().default(true).describe("Make the operator's ServiceAccount."),
  name: name.max(63).default('').describe('Its name; empty: that of the release, or `default` when none is made.'),
  annotations: text.default({}).describe('Annotations on it.'),
})

const Rbac = z.strictObject({
  create: z.boolean().default(true).describe("Make the operator's roles and bindings."),
  userRoles: z
    .boolean()
    .default(true)
    .describe('Let the cluster roles `view`, `edit` and `admin` include the resources of streamjob.dev. These are cluster-wide objects.'),
})

const Uninstall = z.strictObject({
  refuseWhileJobsExist: z
    .boolean()
    .default(true)
    .describe('Let `helm uninstall` fail while StreamJobs of this operator exist: nobody could finish their deletion.'),
})

const Resources = z.strictObject({
  requests: z.record(z.string(), quantity).default({ cpu: '50m', memory: '192Mi' }).describe('What the operator asks for.'),
  limits: z.record(z.string(), quantity).default({ memory: '512Mi' }).describe('What it may use at most.'),
})

const Budget = z.strictObject({
  enabled: z.boolean().default(true).describe('Make a PodDisruptionBudget when there is more than one replica.'),
  maxUnavailable: z.int().min(1).default(1).describe('Replicas that may be evicted at a time.'),
})

const Service = z.strictObject({
  port: port.default(operatorPort).describe('Port of probes and metrics.'),
  annotations: text.default({}).describe('Annotations on the Service.'),
})

const ServiceMonitor = z.strictObject({
  enabled: z.boolean().default(false).describe("Make a ServiceMonitor for the operator; needs the Prometheus operator's resources in the cluster."),
  jobs: z.boolean().default(true).describe('With it, make one for the workers of all StreamJobs too.'),
  interval: duration.default('30s').describe('How often metrics are read.'),
  scrapeTimeout: duration.default('10s').describe('How long an answer may take.'),
  labels: text.default({}).describe('Labels by which Prometheus selects ServiceMonitors.'),
  metricRelabelings: z.array(part).default([]).describe('Rules for what is kept of the metrics.'),
})

const NetworkPolicy = z.strictObject({
  enabled: z.boolean().default(false).describe('Make a NetworkPolicy for the operator: nothing comes in but probes and metrics.'),
  from: z.array(part).default([]).describe('Peers that may read metrics; empty: all.'),
  egress: z
    .array(part)
    .default([])
    .describe(`Rules for what goes out; empty: no limit. The operator needs DNS, the API server, the brokers, and port ${ports.control} of workers.`),
})

/** Everything that can be set. Unknown names are refused, so that a misspelt one is not overlooked. */
export const Values = z.strictObject({
  nameOverride: name.max(40).default('').describe("Replaces the chart's name in the names of objects."),
  fullnameOverride: name.max(50).default('').describe('Replaces release and chart name in the names of objects.'),
  image: Image.prefault({}).describe('The image of the operator and, unless `runtimeImage` says otherwise, of the workers.'),
  imagePullSecrets: z
    .array(z.strictObject({ name: z.string().min(1) }))
    .default([])
    .describe("Secrets for pulling the operator's image."),
  runtimeImage: z.string().default('').describe("Image of workers whose program brings none, and of planning pods; empty: the operator's."),
  watchNamespaces: z
    .array(name.min(1).max(63))
    .default([])
    .describe('Namespaces whose StreamJobs are managed, by a Role in each; empty: all, by a ClusterRole.'),
  operatorId: z
    .string()
    .regex(/^[\w./-]{0,200}$/)
    .default('')
    .describe('Name of this installation, which StreamJobs are marked with; empty: `NAMESPACE/FULLNAME`. Changing it makes all jobs foreign.'),
  clusterId: z
    .string()
    .regex(/^[\w./-]{0,200}$/)
    .default('')
    .describe('Name of the cluster in job records; empty: the UID of the namespace kube-system, which takes a ClusterRole to read.'),
  replicas: z.int().min(0).max(9).default(1).describe('One works, the others stand by.'),
  concurrency: z.int().min(1).max(64).default(4).describe('StreamJobs worked on at once.'),
  qps: z.int().min(1).max(10_000).default(50).describe('Calls to the API server per second, sustained.'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('How much is logged.'),
  crds: Crds.prefault({}).describe('The resource definitions.'),
  serviceAccount: ServiceAccount.prefault({}).describe('Who the operator is.'),
  rbac: Rbac.prefault({}).describe('What it may do.'),
  uninstall: Uninstall.prefault({}).describe('What happens before the release goes.'),
  resources: Resources.prefault({}).describe("The operator's CPU and memory."),
  podDisruptionBudget: Budget.prefault({}).describe('Protection against evictions.'),
  service: Service.prefault({}).describe('The Service in front of probes and metrics.'),
  serviceMonitor: ServiceMonitor.prefault({}).describe('Metrics for Prometheus.'),
  networkPolicy: NetworkPolicy.prefault({}).describe("The operator's network."),
  extraEnv: z.array(part).default([]).describe('Further environment variables of the operator, as in a container: a proxy, NODE_OPTIONS.'),
  labels: text.default({}).describe('Labels on every object.'),
  annotations: text.default({}).describe('Annotations on every object.'),
  podLabels: text.default({}).describe("Labels on the operator's pods."),
  podAnnotations: text.default({}).describe("Annotations on the operator's pods."),
  priorityClassName: z.string().default('').describe("Their PriorityClass; empty: the cluster's default."),
  nodeSelector: text.default({}).describe('Labels of nodes that they may run on.'),
  tolerations: z.array(part).default([]).describe('Taints that they tolerate.'),
  affinity: part.default({}).describe('Their affinity.'),
  topologySpreadConstraints: z.array(part).default([]).describe('How they are spread; empty: over nodes and zones, where possible.'),
})
export type Values = z.infer<typeof Values>
