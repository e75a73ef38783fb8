import { join } from 'node:path'
import { cacheRoot } from '../../machine/paths.ts'

/** Addresses of the cluster: one bridge carries everything, and its address is the node's, the API server's and the DNS server's. */
export const network = {
  bridge: 'cni0',
  host: '10.244.0.1',
  pods: '10.244.0.0/16',
  podRange: ['10.244.1.1', '10.244.1.254'],
  services: '10.96.0.0/16',
  apiService: '10.96.0.1',
  domain: 'cluster.local',
  apiPort: 6443,
  /** Rejects what pods send to the world outside. */
  fence: 'STREAMJOB-FENCE',
} as const

/** The only node. */
export const nodeName = 'streamjob'

/** Of the pods' cgroups, in every hierarchy. */
export const cgroup = 'streamjob-native'

/** There is one native cluster per machine, and its state lies here. */
export const clusterDirectory = join(cacheRoot, 'run', 'native-cluster')

const at = (...path: string[]): string => join(clusterDirectory, ...path)

/** Its files. */
export const files = {
  kubeconfig: at('kubeconfig'),
  owner: at('owner'),
  pki: at('pki'),
  config: at('config'),
  /** Pid files and logs of the processes. */
  processes: at('processes'),
  etcd: at('etcd'),
  containerd: { root: at('containerd'), state: at('containerd-state'), socket: at('containerd.sock') },
  cni: at('cni'),
  kubelet: at('kubelet'),
  podLogs: at('pod-logs'),
  volumes: at('volumes'),
  pauseImage: at('pause.tar'),
} as const
