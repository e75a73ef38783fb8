import test from 'ava'
import { findCondition } from '../../../crds/conditions.ts'
import { KubeError } from '../../../operator/kube/errors.ts'
import { type Node, nodes, type Pod, pods } from '../../../operator/kube/resources.ts'
import { MemoryStage, name, namespace, program } from './memory-stage.ts'

const pod = { namespace, name: `${name}-0` }
const lost = { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } }
const outOfService = { spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] } }

/** A job whose only worker is on the node n1, which is as given; null: there is none of that name. */
async function onNode(node: object | null): Promise<MemoryStage> {
  const stage = new MemoryStage()
  await stage.create({ program: program() })
  await stage.settle()
  // Its node would take the finalizer away.
  const body = { metadata: { finalizers: ['kubelet'] }, spec: { nodeName: 'n1' } }
  await stage.api.kube.patch(pods, pod, { kind: 'merge', body })
  if (node !== null) await stage.api.kube.create(nodes, { metadata: { name: 'n1' }, ...node } as Node)
  return stage
}

async function wait(stage: MemoryStage, milliseconds: number): Promise<void> {
  await stage.visit()
  await stage.play()
  await stage.visit()
  await stage.clock.advance(milliseconds)
  await stage.visit()
}

const find = (stage: MemoryStage) => stage.api.kube.find<Pod>(pods, pod)
const readiness = async (stage: MemoryStage) => findCondition((await stage.job()).status?.conditions, 'WorkersReady')

test('a pod whose node is not ready holds an upgrade up, and the condition names both and what to do', async (t) => {
  const stage = await onNode(lost)
  await stage.patch({ program: program('b') })
  await wait(stage, 30_000)
  t.not((await readiness(stage))?.reason, 'NodeLost', 'it has its grace')
  await wait(stage, 20_000)
  t.like(await readiness(stage), { status: 'False', reason: 'NodeLost' })
  t.regex((await readiness(stage))?.message ?? '', /revenue-0 on the node n1 \(not ready\).*out-of-service.*streamjob\.dev\/force-delete: "true"/)
  await wait(stage, 86_400_000)
  t.not(await find(stage), null, 'it may still run')
  t.is((await stage.job()).status?.operation?.step, 'Draining')
})

for (const [title, node] of [
  ['is gone', null],
  ['is out of service', { ...lost, ...outOfService }],
] as const) {
  test(`a pod whose node ${title} is deleted by force, after its grace`, async (t) => {
    const stage = await onNode(node)
    await stage.patch({ suspend: true })
    await wait(stage, 30_000)
    t.not(await find(stage), null)
    await wait(stage, 20_000)
    t.is(await find(stage), null)
    await stage.settle()
    t.is(findCondition((await stage.job()).status?.conditions, 'Suspended')?.reason, 'SuspendedByUser')
  })
}

test('a pod of a node that is ready is left to it, whatever its taints', async (t) => {
  const stage = await onNode({ status: { conditions: [{ type: 'Ready', status: 'True' }] }, ...outOfService })
  await stage.patch({ parallelism: 0 })
  await wait(stage, 600_000)
  t.not(await find(stage), null)
  t.regex((await readiness(stage))?.message ?? '', /n1 \(ready, but slow to answer\)/)
})

test('an operator that may not look at nodes deletes by force what the annotation names', async (t) => {
  const stage = await onNode(lost)
  stage.api.hook = (verb, plural) => {
    if (verb === 'get' && plural === 'nodes') throw new KubeError('get nodes', { status: 403, reason: 'Forbidden', message: 'nodes' })
  }
  const annotate = async () =>
    void (await stage.api.kube.patch(pods, pod, { kind: 'merge', body: { metadata: { annotations: { 'streamjob.dev/force-delete': 'true' } } } }))
  await annotate()
  await stage.visit()
  t.not(await find(stage), null, 'nobody wants it to go')
  await stage.patch({ parallelism: 0 })
  await wait(stage, 0)
  t.is(await find(stage), null)
})

test('a worker that its lost node does not let go is named while nothing else is under way, and replaced once the node is gone', async (t) => {
  const stage = await onNode(lost)
  await stage.api.kube.delete(pods, pod)
  await wait(stage, 50_000)
  t.like(await readiness(stage), { status: 'False', reason: 'NodeLost' })
  await stage.api.kube.delete(nodes, { name: 'n1' })
  await stage.visit()
  await stage.settle()
  t.is((await readiness(stage))?.reason, 'WorkersRunning')
})
