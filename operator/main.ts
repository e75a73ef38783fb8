/** The operator's process: wires client, informers, reconciler, election and probes. The only file here that reads the environment, exits or handles signals. */
import { Registry } from '@prometheus-io/client'
import { labels } from '../crds/names.ts'
import { planSteps } from '../runtime/dsl/steps.ts'
import { systemClock as clock } from './clock.ts'
import { ConfigError, type OperatorConfig, parseConfig } from './config.ts'
import { informersSynced, reconcilesEnd } from './http/checks.ts'
import { startProbeServer } from './http/server.ts'
import { connectJobKafka } from './kafka/connect.ts'
import { createApplier } from './kube/apply.ts'
import type { KubeClient } from './kube/client.ts'
import { createController, mapped, moreThanStatus, own, ownedBy } from './kube/controller.ts'
import { lead } from './kube/election.ts'
import { isForbidden } from './kube/errors.ts'
import { createEventRecorder } from './kube/events.ts'
import { createInformer } from './kube/informer.ts'
import { namespaces, pods, statefulSets } from './kube/resources.ts'
import { createKubeClient, type KubeCall } from './kube/rest/client.ts'
import { inClusterConnection, kubeconfigConnection } from './kube/rest/connection.ts'
import { createLog, type Log } from './log.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { Memory } from './streamjob/memory.ts'
import { createPodClient } from './streamjob/pods/client.ts'
import { createStreamJobReconciler } from './streamjob/reconciler.ts'
import { streamJobs } from './streamjob/visit.ts'

const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort(new Error(signal)))

try {
  const config = parseConfig(process.argv.slice(2), process.env)
  process.exit(await run(config, createLog({ level: config.logLevel, output: process.stdout })))
} catch (error) {
  if (stop.signal.aborted) process.exit(0)
  if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`)
  else createLog({ level: 'error', output: process.stderr }).error('the operator ends', { error })
  process.exit(error instanceof ConfigError ? 2 : 1)
}

/** Works until it is asked to stop; the exit code is 1 when another one may be leading now. */
async function run(config: OperatorConfig, log: Log): Promise<number> {
  const connection =
    config.kubeconfig === null ? await inClusterConnection({ ...config.apiServer, clock }) : await kubeconfigConnection({ path: config.kubeconfig })
  const random = Math.random
  const metrics = createMetrics(new Registry())
  const onCall = countCalls(metrics)
  const kube = createKubeClient(connection, { clock, qps: config.qps, burst: 2 * config.qps, onCall })
  const common = { client: kube, log, metrics, clock, random, ...(config.namespaces && { namespaces: config.namespaces }) }
  const jobs = createInformer(streamJobs, common)
  const sets = createInformer(statefulSets, { ...common, labelSelector: labels.job })
  const podsOfJobs = createInformer(pods, { ...common, labelSelector: labels.job })
  const informers = [jobs, sets, podsOfJobs]
  const events = createEventRecorder({ client: kube, log, metrics, clock, random, controller: 'streamjob.dev/operator', instance: config.podName })

  const reconcile = createStreamJobReconciler({
    kube,
    connectKafka: connectJobKafka,
    planSteps,
    pods: createPodClient(),
    events,
    applier: createApplier(kube),
    clock,
    random,
    memory: new Memory(),
    settings: {
      operatorId: config.operatorId,
      runtimeImage: config.runtimeImage,
      kubernetesCluster: config.clusterId ?? (await clusterId(kube, config)),
      location: { namespace: config.namespace, podLabels: config.podLabels },
    },
  })
  const controller = createController({
    name: 'streamjob',
    reconcile,
    watches: [
      own(jobs, moreThanStatus),
      ownedBy(sets, streamJobs),
      mapped(podsOfJobs, ({ metadata }) => {
        const job = metadata.labels?.[labels.job]
        return job === undefined ? [] : [`${metadata.namespace ?? ''}/${job}`]
      }),
    ],
    log,
    metrics,
    clock,
    random,
    workers: config.workers,
    backoff: { baseMs: 500, capMs: 60_000 },
  })

  await using _probes = await startProbeServer({
    port: config.httpPort,
    health: [reconcilesEnd(controller, 180_000)],
    readiness: [informersSynced(informers)],
    metrics: () => metrics.scrape(),
  })
  log.info('operator started', { operatorId: config.operatorId, namespaces: config.namespaces ?? 'all', runtimeImage: config.runtimeImage })
  const background = Promise.all([...informers.map((informer) => informer.run(stop.signal)), events.run(stop.signal)])
  const ended = config.leaderElection
    ? await lead(
        { ...common, namespace: config.namespace, name: config.leaseName, identity: config.podName },
        (leading) => controller.run(leading),
        stop.signal,
      )
    : await controller.run(stop.signal).then(() => 'stopped' as const)
  const lost = ended === 'lost'
  stop.abort(new Error(ended))
  await background
  kube.close()
  log.info('operator stopped', { reason: ended })
  return lost ? 1 : 0
}

function countCalls(metrics: Metrics): (call: KubeCall) => void {
  return ({ verb, resource, status, seconds }) => {
    metrics.apiCalls.inc({ verb, resource, status: String(status) })
    metrics.apiCallSeconds.observe({ verb }, seconds)
  }
}

/** The cluster's identity. An operator that may not look at kube-system takes its own namespace instead. */
async function clusterId(kube: KubeClient, { namespace }: OperatorConfig): Promise<string> {
  for (const name of ['kube-system', namespace]) {
    try {
      return (await kube.get(namespaces, { name }, { signal: stop.signal })).metadata.uid
    } catch (error) {
      if (!isForbidden(error)) throw error
    }
  }
  throw new ConfigError('the operator may read neither the namespace kube-system nor its own: grant `get` on one, or set --cluster-id')
}
