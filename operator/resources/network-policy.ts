import { labels as names } from '../../crds/names.ts'
import { ports } from '../../runtime/config.ts'
import type { NetworkPolicy } from '../kube/resources.ts'
import { objectNames } from './names.ts'
import type { Owner } from './object.ts'
import { ownedMetadata } from './object.ts'

/** Where the operator's pods are; they alone may ask for plans and status. */
export interface OperatorLocation {
  readonly namespace: string
  readonly podLabels: Readonly<Record<string, string>>
}

/** Metrics and probes are open within the cluster; the control port only to the operator and to the job's own namespace. */
export function networkPolicy(owner: Owner, operator: OperatorLocation): NetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: ownedMetadata(owner, objectNames.networkPolicy(owner.name)),
    spec: {
      podSelector: { matchLabels: { [names.job]: owner.name } },
      policyTypes: ['Ingress'],
      ingress: [
        { ports: [{ port: ports.http, protocol: 'TCP' }] },
        {
          ports: [{ port: ports.control, protocol: 'TCP' }],
          from: [
            {
              podSelector: { matchLabels: operator.podLabels },
              namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': operator.namespace } },
            },
            { podSelector: {} },
          ],
        },
      ],
    },
  }
}
