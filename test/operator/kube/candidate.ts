/** A candidate in a process of its own, which a test kills: `node candidate.ts KUBECONFIG NAMESPACE LEASE IDENTITY TIMING`. */
import { Registry } from '@prometheus-io/client'
import { systemClock } from '../../../operator/clock.ts'
import { type ElectionTiming, lead } from '../../../operator/kube/election.ts'
import { createKubeClient } from '../../../operator/kube/rest/client.ts'
import { kubeconfigConnection } from '../../../operator/kube/rest/connection.ts'
import { silentLog } from '../../../operator/log.ts'
import { createMetrics } from '../../../operator/metrics.ts'

const [path = '', namespace = '', name = '', identity = '', timing = '{}'] = process.argv.slice(2)
const client = createKubeClient(await kubeconfigConnection({ path }), { clock: systemClock })
const options = { client, namespace, name, identity, log: silentLog, metrics: createMetrics(new Registry()), clock: systemClock, random: Math.random }
await lead(
  { ...options, timing: JSON.parse(timing) as ElectionTiming },
  () => {
    console.log('leading')
    return new Promise(() => {})
  },
  new AbortController().signal,
)
