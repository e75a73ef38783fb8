/** The small objects beside a job's StatefulSet. None of them changes while the job lives. */
import { ports } from '../../runtime/config.ts'
import type { PodDisruptionBudget, Service, ServiceAccount } from '../kube/resources.ts'
import { objectNames } from './names.ts'
import type { Owner } from './object.ts'
import { ownedMetadata, selectorLabels } from './object.ts'

/** The identity of a job's pods. It has no rights and its token is not mounted. */
export function serviceAccount(owner: Owner): ServiceAccount {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: ownedMetadata(owner, objectNames.serviceAccount(owner.name)),
    automountServiceAccountToken: false,
  }
}

/** The headless Service: names for the pods, also before they are ready, and something for a ServiceMonitor to select. */
export function service(owner: Owner): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedMetadata(owner, objectNames.service(owner.name)),
    spec: {
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: selectorLabels(owner.name, 'worker'),
      ports: [
        { name: 'http', port: ports.http, targetPort: 'http', protocol: 'TCP' },
        { name: 'control', port: ports.control, targetPort: 'control', protocol: 'TCP' },
      ],
    },
  }
}

/** One worker at a time may be evicted; a broken one always, so that it never blocks the drain of a node. */
export function podDisruptionBudget(owner: Owner): PodDisruptionBudget {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: ownedMetadata(owner, objectNames.podDisruptionBudget(owner.name)),
    spec: { maxUnavailable: 1, selector: { matchLabels: selectorLabels(owner.name, 'worker') }, unhealthyPodEvictionPolicy: 'AlwaysAllow' },
  }
}
