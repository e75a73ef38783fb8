import { delimiter } from 'node:path'
import type { System } from './system.ts'
import { job, orders } from './settings.ts'

/** What to look at, when all is left running. */
export function guide({ cluster, broker }: System): string {
  const onPath = process.env['PATH']?.split(delimiter).includes(cluster.binaries) ?? false
  return `
All of it goes on: orders are sent for ${orders.forSeconds / 60} minutes, Kafka listens on ${broker.address}. To look at it:

  export KUBECONFIG=${cluster.kubeconfig}
${onPath ? '' : `  export PATH=${cluster.binaries}:$PATH\n`}
  kubectl get streamjobs -o wide                     the job
  kubectl describe streamjob ${job.name}                 its conditions, and what happened to it
  kubectl get pods                                   its workers
  kubectl logs ${job.name}-0                             what one of them says
  kubectl get --raw /api/v1/namespaces/${job.namespace}/pods/${job.name}-0:8081/proxy/status    its tasks, positions and watermarks

Disturb it, then run ./hack/demo again: it counts everything from the first order on.

  kubectl delete pod ${job.name}-0 --force               a worker is lost
  kubectl scale streamjob ${job.name} --replicas 3       another number of workers
  kubectl -n streamjob-system delete pod --all       the operator is lost

  ./hack/demo status       what is up
  ./hack/demo down         removes everything
`
}
