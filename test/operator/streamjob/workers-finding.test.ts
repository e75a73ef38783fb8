import test from 'ava'
import type { PersistentVolumeClaim, Pod } from '../../../operator/kube/resources.ts'
import { workersFinding } from '../../../operator/streamjob/pods/workers.ts'
import { WorkerStatus } from '../../../runtime/protocol.ts'

const startedAt = '2026-01-01T00:00:10Z'

/** A pod whose container runs, and which is not ready since the given time. */
function podUnreadySince(lastTransitionTime: string): Pod {
  // What the kubelet writes, as far as it is read.
  return {
    metadata: { name: 'revenue-0' },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'False', lastTransitionTime }],
      containerStatuses: [{ name: 'worker', restartCount: 0, ready: false, state: { running: { startedAt } } }],
    },
  } as unknown as Pod
}

const working = WorkerStatus.parse({
  formatVersion: 1,
  instanceId: 'revenue-0',
  state: 'running',
  reason: 'working on 4 task(s)',
  error: null,
  epoch: 1,
  codeHash: 'c',
  generation: 1,
  memberId: 'm',
  commits: 1,
  rewinds: 0,
  tasks: [],
})

const findingOf = (pod: Pod) => workersFinding([{ pod, status: working }], { replicas: 1, suspended: false })

test('a new worker that works already is starting until the kubelet has seen it ready', (t) => {
  t.like(findingOf(podUnreadySince('2026-01-01T00:00:05Z')), { status: 'False', reason: 'WorkersStarting' })
})

test('a worker that works and was ready before is unhealthy', (t) => {
  const { reason, message } = findingOf(podUnreadySince('2026-01-01T00:00:30Z'))
  t.is(reason, 'WorkersUnhealthy')
  t.is(message, '0 of 1 workers are ready; revenue-0: works, but does not pass its readiness probe any more')
})

const claim = (phase: string, storageClassName?: string) =>
  ({
    metadata: { name: 'state-revenue-0' },
    spec: { ...(storageClassName && { storageClassName }), resources: { requests: { storage: '10Gi' } } },
    status: { phase },
  }) as unknown as PersistentVolumeClaim

/** A pod that waits; with what the scheduler says of it, if it says something. */
function podPending(words?: string): Pod {
  const conditions = words === undefined ? [] : [{ type: 'PodScheduled', status: 'False', message: words }]
  // What the scheduler writes, as far as it is read.
  return { metadata: { name: 'revenue-0' }, status: { phase: 'Pending', conditions } } as unknown as Pod
}

const waitingFor = (pod: Pod, unbound: PersistentVolumeClaim) => workersFinding([{ pod, status: null, unbound }], { replicas: 1, suspended: false })

test('a claim without a volume is named with its size and its StorageClass', (t) => {
  const found = waitingFor(podPending(), claim('Pending', 'fast'))
  t.is(found.reason, 'WaitingForVolume')
  t.is(found.message, '0 of 1 workers are ready; revenue-0: its claim state-revenue-0 of 10Gi, StorageClass fast, has no volume yet')
})

test('what the scheduler says of a missing volume is passed on', (t) => {
  const words = '0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.'
  const found = waitingFor(podPending(words), claim('Pending'))
  t.is(found.reason, 'WaitingForVolume')
  t.true(found.message.endsWith(`(${words})`), found.message)
  t.regex(found.message, /without a StorageClass, as the cluster has no default/)
})

test('a pod that no node takes has no volume because of that', (t) => {
  const found = waitingFor(podPending('0/1 nodes are available: 1 Insufficient cpu.'), claim('Pending', 'fast'))
  t.is(found.reason, 'PodsUnschedulable')
  t.regex(found.message, /Insufficient cpu/)
})

test('a claim whose volume is lost says how to get a new one', (t) => {
  t.regex(waitingFor(podPending(), claim('Lost', 'fast')).message, /state-revenue-0 .* has lost its volume; delete the claim and the pod/)
})
