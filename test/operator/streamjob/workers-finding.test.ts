import test from 'ava'
import type { Pod } from '../../../operator/kube/resources.ts'
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
